using Ixy.Vfio;

namespace Ixy.Cli.Tests;

/// <summary>
/// Messages call the command by what it was started with, so that a suggested command runs as printed.
/// </summary>
public sealed class CommandNameTests
{
    private const string Card = "0000:03:00.0";

    // Null is 'dotnet exec Ixy.Cli.dll'. What counts in PATH is what a shell would find there.
    [Theory]
    [InlineData("ixy", null)]
    [InlineData("./ixy", "./ixy")]
    [InlineData("../ixy/ixy", "../ixy/ixy")]
    [InlineData("/home/a/.dotnet/tools/ixy", "ixy", "/home/a/.dotnet/tools/ixy")]
    [InlineData("/home/a/.dotnet/tools/ixy", "/home/a/.dotnet/tools/ixy")]
    [InlineData("ixy", "ixy", "/usr/bin/ixy")]
    [InlineData("ixy", "/usr/local/bin/ixy")]
    [InlineData("ixy", "/usr/bin/ixy")]
    [InlineData("ixy", "/sbin/ixy")]
    [InlineData("ixy-2", "/usr/bin/ixy-2")]
    [InlineData("/opt/ixy/ixy", "/opt/ixy/ixy")]
    [InlineData("/usr/bin/more/ixy", "/usr/bin/more/ixy")]
    [InlineData("/home/a\\ b/it\\'s/ixy", "/home/a b/it's/ixy")]
    [InlineData("ixy", "elsewhere", "/usr/bin/ixy")]
    public void ItIsWhatRunsAsItWasStartedAlsoWithSudo(string expected, string? started, string? there = null) =>
        Assert.Equal(expected, CommandName.Of(
            started, "/usr/bin::/home/a/.dotnet/tools", file => file == there));

    [Fact]
    public void LibrariesSayIxyAndAProgramMaySayOtherwise()
    {
        Assert.Equal("ixy", IxyCommand.Name);
        Assert.Throws<ArgumentException>(() => IxyCommand.Name = " ");
        Assert.Equal("ixy", IxyCommand.Name);
    }

    [Fact]
    public void AProgramOutsideOfSudosPathIsNamedByItsPath()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Ixy.Cli");
        using var run = IxyProcess.StartOther(program, "fwd", "a", "b", "--batch", "0");
        IxyProcess.AssertOneLine((run.WaitForExit(), run.Output, run.Error), 2, $"(see {program} fwd --help)");
    }

    // The launcher passes the name on.
    [Fact]
    public void ItIsNamedAsTheLauncherWasTyped()
    {
        using var run = IxyProcess.StartOther(
            "env", $"{CommandName.Variable}=./ixy", "dotnet", "exec", IxyProcess.Program, "sim:ixgbe");
        IxyProcess.AssertOneLine((run.WaitForExit(), run.Output, run.Error), 2, "(see ./ixy --help)");
    }

    [SkippableTheory]
    [Trait("needs", "root")]
    [Trait("needs", "time")]
    [InlineData("./ixy", "./ixy")]
    [InlineData("bash ixy", "./ixy")]
    public void TheCureOfALauncherInACloneNamesTheLauncher(string started, string expected)
    {
        using var functions = new FakeSysfs();
        functions.Add(Card);
        functions.HoldByKernel(Card, "e1000e");
        using var doctor = functions.Start(
            "bash", "-c", $"cd '{Checkout.Root}' && {started} doctor {Card}");
        Assert.Equal(1, doctor.WaitForExit(TimeSpan.FromMinutes(5)));
        Assert.Contains($" $ sudo {expected} bind {Card} --driver none\n", doctor.Output);
        Assert.Contains($"keeps '{expected} fwd' from running on {Card}", doctor.Output);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void EveryCureNamesIt()
    {
        using var functions = new FakeSysfs();
        functions.Add(Card);
        functions.AddGroup(12, Card);
        functions.SetGroupType(12, "DMA-FQ");
        using var doctor = functions.Start(
            "env", $"{CommandName.Variable}=/opt/ixy", "dotnet", "exec", IxyProcess.Program, "doctor", Card, "--json");
        Assert.Equal(1, doctor.WaitForExit());
        Assert.Contains($"\"sudo /opt/ixy bind {Card}\"", doctor.Output);
        Assert.DoesNotContain("sudo ixy", doctor.Output);
    }
}
