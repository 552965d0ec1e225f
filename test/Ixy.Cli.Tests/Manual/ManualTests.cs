using Ixy.Cli.Manual;

namespace Ixy.Cli.Tests.Manual;

/// <summary>The manual pages, as rendered by three formatters.</summary>
public sealed class ManualTests : IDisposable
{
    private static readonly DateOnly s_date = new(2026, 11, 30);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-man-");

    public static TheoryData<string> Rows => [.. Names];

    private static string[] Names => [.. ManualCommand.Pages(Commands.Tree(), s_date).Select(page => page.Name)];

    [Fact]
    public void EveryCommandHasAPage()
    {
        var root = Commands.Root();
        Assert.Equal(
            ["ixy.1", .. root.Subcommands.Where(command => !command.Hidden).Select(command => $"ixy-{command.Name}.1")],
            Names);
        Assert.DoesNotContain("ixy-man.1", Names);
        Assert.DoesNotContain("\n  man ", IxyProcess.Run("--help").Output);
    }

    [Fact]
    public void TheHiddenCommandWritesThem()
    {
        string folder = Path.Combine(_directory.FullName, "man1");
        using var ixy = IxyProcess.StartOther(
            "env", "SOURCE_DATE_EPOCH=86400", "dotnet", "exec", IxyProcess.Program, "man", folder);
        Assert.Equal((0, "", ""), (ixy.WaitForExit(), ixy.Output, ixy.Error));
        Assert.Equal(Names.Length, Directory.GetFiles(folder).Length);
        Assert.Contains(".TH IXY\\-FWD 1 1970-01-02 ", File.ReadAllText(Path.Combine(folder, "ixy-fwd.1")));
    }

    [SkippableTheory]
    [MemberData(nameof(Rows))]
    public void ManShowsItWithoutAWarning(string name)
    {
        Skip.IfNot(Tool.Exists("man"), "man is not installed (apt install man-db)");
        using var man = IxyProcess.StartOther(
            "env", "MANWIDTH=100", "MANPAGER=cat", "LC_ALL=C.UTF-8", "man", "--warnings=w", "-l", Write(name));
        Assert.Equal((0, ""), (man.WaitForExit(), man.Error));
        Assert.Contains("NAME", man.Output);
        Assert.Contains("SYNOPSIS", man.Output);
        Assert.Contains("EXIT STATUS", man.Output);
    }

    [SkippableTheory]
    [MemberData(nameof(Rows))]
    public void MandocFindsNothingAmiss(string name)
    {
        Skip.IfNot(Tool.Exists("mandoc"), "mandoc is not installed (apt install mandoc)");
        using var mandoc = IxyProcess.StartOther("mandoc", "-T", "lint", "-W", "warning", Write(name));
        Assert.Equal((0, "", ""), (mandoc.WaitForExit(), mandoc.Output, mandoc.Error));
    }

    [SkippableTheory]
    [MemberData(nameof(Rows))]
    public void GroffFindsNothingAmiss(string name)
    {
        Skip.IfNot(Tool.Exists("groff"), "groff is not installed (apt install groff)");
        using var groff = IxyProcess.StartOther("groff", "-man", "-Tutf8", "-ww", "-z", Write(name));
        Assert.Equal((0, "", ""), (groff.WaitForExit(), groff.Output, groff.Error));
    }

    // No part of the help is lost, and none is taken for a roff request.
    [SkippableFact]
    public void ThePageSaysWhatTheHelpSays()
    {
        Skip.IfNot(Tool.Exists("mandoc"), "mandoc is not installed (apt install mandoc)");
        using var mandoc = IxyProcess.StartOther("mandoc", "-T", "utf8", "-O", "width=200", Write("ixy-fwd.1"));
        Assert.Equal(0, mandoc.WaitForExit());
        // Bold and italic letters are overstruck: a letter, a backspace, the letter.
        string page = System.Text.RegularExpressions.Regex.Replace(mandoc.Output, ".\b", "");
        Assert.Contains("ixy fwd A B [OPTIONS]", page);
        Assert.Contains("--batch packets", page);
        Assert.Contains("Default: 32.", page);
        Assert.Contains("sim:ixgbe,wire=cable:x        a cable to the other card that names it", page);
        Assert.Contains("sudo ixy fwd 0000:03:00.0 0000:03:00.1 --touch", page);
        Assert.Contains("ixy-pktgen(1), ixy-pcap(1)", page);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private string Write(string name)
    {
        string path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, ManualCommand.Pages(Commands.Tree(), s_date).Single(page => page.Name == name).Text);
        return path;
    }
}
