namespace Ixy.Tests.Cli;

/// <summary>What the README promises.</summary>
public sealed class RepositoryTests
{
    private static readonly string s_root = FindRoot();

    /// <summary>The folder of the repository.</summary>
    internal static string Root => s_root;

    [Fact]
    public void TheReadmeShowsTheForwarderThatIsCompiled()
    {
        string readme = File.ReadAllText(Path.Combine(s_root, "README.md"));
        string shown = readme.Split("```csharp\n")[1].Split("```")[0];
        Assert.Equal(File.ReadAllText(Path.Combine(s_root, "samples/Forwarder/Program.cs")), shown);
        Assert.InRange(shown.Count(character => character == '\n'), 1, 15);
    }

    [Fact]
    public void EveryFileThatTheReadmeNamesIsThere()
    {
        string readme = File.ReadAllText(Path.Combine(s_root, "README.md"));
        var named = System.Text.RegularExpressions.Regex.Matches(readme, @"`((?:src|samples|eng|docs)/[\w./-]+)`").Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(named);
        Assert.All(named, path => Assert.True(Path.Exists(Path.Combine(s_root, path)), path));
    }

    [Fact]
    public void TheLauncherBuildsAndRunsIxy()
    {
        using var launcher = IxyProcess.StartOther(Path.Combine(s_root, "ixy"), "fwd", "a", "b", "--batch", "0");
        Assert.Equal(2, launcher.WaitForExit());
        Assert.StartsWith("ixy: --batch: '0' is out of range", launcher.Error);
        Assert.Equal("", launcher.Output);
    }

    [Fact]
    public void CodeLinesLeaveOutCommentsAndBlanks()
    {
        using var counter = IxyProcess.StartOther(Path.Combine(s_root, "eng/code-lines"));
        Assert.Equal(0, counter.WaitForExit());
        string line = counter.Output.Split('\n').Single(line => line.EndsWith(" src/Ixy/DeviceStatistics.cs", StringComparison.Ordinal));
        int expected = File.ReadLines(Path.Combine(s_root, "src/Ixy/DeviceStatistics.cs"))
            .Count(text => text.Trim().Length > 0 && !text.TrimStart().StartsWith("//", StringComparison.Ordinal));
        Assert.Equal($"{expected}", line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]);
        Assert.Matches(@"\n +\d+ +\d+  in all\n", counter.Output);
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Ixy.slnx"))) directory = directory.Parent;
        return directory?.FullName ?? throw new DirectoryNotFoundException($"no Ixy.slnx above {AppContext.BaseDirectory}");
    }
}
