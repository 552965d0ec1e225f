using System.Text.RegularExpressions;

namespace Ixy.Repository.Tests.Pages;

/// <summary>What the README promises.</summary>
public sealed partial class RepositoryTests
{
    private static readonly string s_root = Checkout.Root;

    [Fact]
    public void TheReadmeShowsTheForwarderThatIsCompiled()
    {
        string readme = File.ReadAllText(Path.Combine(s_root, "README.md"));
        string shown = readme.Split("```csharp\n")[1].Split("```")[0];
        Assert.Equal(File.ReadAllText(Path.Combine(s_root, "samples/forwarder.cs")), shown);
        Assert.InRange(shown.Count(character => character == '\n'), 1, 45);
    }

    public static TheoryData<string> Pages => [.. Checkout.Pages];

    [Theory]
    [MemberData(nameof(Pages))]
    public void EveryFileThatAPageNamesIsThere(string page)
    {
        string text = File.ReadAllText(Path.Combine(s_root, page)), folder = Path.GetDirectoryName(page)!;
        Assert.All(Paths().Matches(text).Select(match => match.Groups[1].Value),
            path => Assert.True(Path.Exists(Path.Combine(s_root, path)), path));
        Assert.All(Links().Matches(text).Select(match => match.Groups[1].Value),
            link => Assert.True(Path.Exists(Path.Combine(s_root, folder, link)), link));
    }

    [Fact]
    public void TheIndexNamesEveryPage()
    {
        string index = File.ReadAllText(Path.Combine(s_root, "docs/README.md"));
        string[] pages = [
            .. Directory.GetFiles(Path.Combine(s_root, "docs"), "*.md").Select(page => Path.GetFileName(page)!)
            .Where(page => page != "README.md")];
        Assert.NotEmpty(pages);
        Assert.All(pages, page => Assert.Contains($"]({page})", index));
    }

    // String literals may be longer, and so may rows of the models' and virtio's register tables.
    [Fact]
    public void ALineHasAtMost120Columns()
    {
        var files = from folder in (string[])["src", "samples", "templates", "test", "bench", "labs"]
                    from file in Directory.GetFiles(Path.Combine(s_root, folder), "*.cs", SearchOption.AllDirectories)
                    let path = Path.GetRelativePath(s_root, file)
                    where !BuildFolder().IsMatch(path) && !RegisterTable().IsMatch(path)
                    select path;
        Assert.InRange(files.Count(), 500, int.MaxValue);
        Assert.Empty(files.SelectMany(LongLines));
    }

    // Tables, code and links cannot be broken.
    [Fact]
    public void ALineOfAPageOrAScriptHasAtMost120Columns()
    {
        var ofDrivers = Directory.GetFiles(Path.Combine(s_root, "src"), "README.md", SearchOption.AllDirectories);
        string[] pages = [
            .. Checkout.Pages, "CHANGELOG.md", .. ofDrivers.Select(page => Path.GetRelativePath(s_root, page))];
        string[] scripts = [.. Directory.GetFiles(Path.Combine(s_root, "eng")).Where(
            file => File.ReadLines(file).FirstOrDefault()?.StartsWith("#!", StringComparison.Ordinal) == true)];
        Assert.InRange(pages.Length, 40, int.MaxValue);
        Assert.InRange(scripts.Length, 15, int.MaxValue);
        Assert.Empty(pages.SelectMany(LongProse));
        Assert.Empty(scripts.SelectMany(file => Long(file, File.ReadLines(file))));
    }

    private static IEnumerable<string> LongProse(string page)
    {
        string text = Fenced().Replace(
            File.ReadAllText(Path.Combine(s_root, page)), code => new string('\n', code.Value.Count(c => c == '\n')));
        return Long(page, text.Split('\n').Select(line => line.StartsWith('|') ? "" : line));
    }

    private static IEnumerable<string> Long(string path, IEnumerable<string> lines) =>
        lines.Index().Where(line => line.Item.Length > 120).Select(line => $"{path}:{line.Index + 1}");

    private static IEnumerable<string> LongLines(string path)
    {
        bool isText = false;
        foreach (var (i, line) in File.ReadLines(Path.Combine(s_root, path)).Index())
        {
            bool wasText = isText;
            if (RawQuotes().Count(line) % 2 == 1) isText = !isText;
            if (!wasText && !isText && StringLiteral().Replace(line, "").Length > 120) yield return $"{path}:{i + 1}";
        }
    }

    [Fact]
    public void TheReadmeIsShort() =>
        Assert.InRange(File.ReadLines(Path.Combine(s_root, "README.md")).Count(), 20, 120);

    [Fact]
    [Trait("needs", "time")]
    public void TheLauncherBuildsAndRunsIxy()
    {
        using var launcher = IxyProcess.StartOther(Path.Combine(s_root, "ixy"), "fwd", "a", "b", "--batch", "0");
        Assert.Equal(2, launcher.WaitForExit());
        // If nothing was built before, a line about the build comes first.
        Assert.StartsWith("ixy: --batch: '0' is out of range", launcher.Error.TrimEnd('\n').Split('\n')[^1]);
        Assert.Equal("", launcher.Output);
    }

    // Even the tools that the launcher itself needs are missing.
    [Fact]
    public void WithoutDotnetTheLauncherSaysInOneLineWhatToDo()
    {
        using var launcher = IxyProcess.StartOther("env", "PATH=", "/bin/bash", Path.Combine(s_root, "ixy"), "list");
        int exitCode = launcher.WaitForExit();
        IxyProcess.AssertOneLine((exitCode, launcher.Output, launcher.Error), 1, "install the .NET 10 SDK");
    }

    // Otherwise the first files that the runtime opens would get these numbers, and ixy would read or write them.
    [Theory]
    [InlineData("replay - sim:ixgbe,wire=loopback <&-", "ixy: standard input: the file is empty")]
    [InlineData("list --json >&-", "ixy: standard output cannot be written")]
    public void TheLauncherKeepsClosedDescriptorsFromBecomingOthers(string command, string error)
    {
        using var launcher = IxyProcess.StartOther("bash", "-c", $"{Path.Combine(s_root, "ixy")} {command}");
        Assert.Equal(1, launcher.WaitForExit());
        Assert.Contains(error, launcher.Error);
    }

    [Fact]
    public void CodeLinesLeaveOutCommentsBlanksAndBraces()
    {
        using var counter = IxyProcess.StartOther(Path.Combine(s_root, "eng/code-lines"));
        Assert.Equal(0, counter.WaitForExit());
        string line = counter.Output.Split('\n')
            .Single(line => line.EndsWith(" src/Ixy/DeviceStatistics.cs", StringComparison.Ordinal));
        int expected = File.ReadLines(Path.Combine(s_root, "src/Ixy/DeviceStatistics.cs"))
            .Count(text => text.Trim() is not ("" or "{" or "}")
                && !text.TrimStart().StartsWith("//", StringComparison.Ordinal));
        Assert.Equal($"{expected}", line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]);
        Assert.Matches(@"\n +\d+  in all, with them \(at most \d+\)\n", counter.Output);
    }

    [Theory]
    [InlineData("'--al'", "--al")]
    [InlineData("'RssTests'", "RssTests")]
    [InlineData("--filter wants an expression", "--all", "--filter")]
    public void TestsAreNotRunWithArgumentsThatMakeNoSense(string contains, params string[] arguments)
    {
        using var tests = IxyProcess.StartOther(Path.Combine(s_root, "eng/test"), arguments);
        Assert.Equal(2, tests.WaitForExit());
        Assert.Contains(contains, tests.Error);
        Assert.Contains("\nusage: eng/test [--all]", tests.Error);
        Assert.Equal("", tests.Output);
    }

    [Fact]
    public void TestsSayHowTheyAreRun()
    {
        using var tests = IxyProcess.StartOther(Path.Combine(s_root, "eng/test"), "--help");
        Assert.Equal(0, tests.WaitForExit());
        Assert.StartsWith("usage: eng/test [--all]", tests.Output);
    }

    [GeneratedRegex("^ *```.*?^ *```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();

    [GeneratedRegex(@"(^|/)(bin|obj)/")]
    private static partial Regex BuildFolder();

    [GeneratedRegex(@"Registers/CardRegisters[\w.]*\.cs$|VirtioRegisters\.cs$")]
    private static partial Regex RegisterTable();

    [GeneratedRegex("\"{3,}")]
    private static partial Regex RawQuotes();

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"
        """)]
    private static partial Regex StringLiteral();

    [GeneratedRegex(@"`((?:src|samples|eng|docs|test)/[\w./-]+)`")]
    private static partial Regex Paths();

    // Links to files in the repository, with or without a fragment.
    [GeneratedRegex(@"\]\((?!https?:|#)([\w./-]+)(?:#[\w-]+)?\)")]
    private static partial Regex Links();
}
