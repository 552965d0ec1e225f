using System.Diagnostics;
using System.Text.Json;
using Ixy.Labs.Grader;

namespace Ixy.Labs.Tests;

/// <summary>The grader's command, run as a process.</summary>
public sealed class CommandTests : IDisposable
{
    // None of its statements runs twice, so the limit on statements never applies.
    private const string WithoutEnd = """
        using Ixy.Labs;
        using Ixy.Vfio;
        public class Mine : ICardFinder
        {
            public PciDevice? Find(IReadOnlyList<PciDevice> functions)
            {
                var many = Enumerable.Range(0, int.MaxValue);
                return many.SelectMany(one => many).Any(one => one < 0) ? functions[0] : null;
            }
            public byte[] ReadMacAddress(PciDevice card) => [];
        }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ixy-labs-");

    [Fact]
    public void ASkeletonIsGradedWithJsonJUnitAndFilm()
    {
        string file = Path.Combine(_folder.FullName, "mine.cs"), junit = Path.Combine(_folder.FullName, "junit.xml");
        string film = Path.Combine(_folder.FullName, "films/film.html");
        File.WriteAllText(file, """
            using Ixy.Labs;
            using Ixy.Vfio;
            public class Mine : ICardFinder
            {
                public PciDevice? Find(IReadOnlyList<PciDevice> functions) => functions.First(one => one.DeviceId == 4347);
                public byte[] ReadMacAddress(PciDevice card) { card.OpenBar(0).Read32(0xA200); return []; }
            }
            """);
        var (exitCode, output, error) = Grading.RunCommand(
            "1", file, "--json", "--junit", junit, "--film", film, "--seeds", "3");
        Assert.Equal(1, exitCode);
        using var json = JsonDocument.Parse(output.TrimEnd('\n').Split('\n')[^1]);
        Assert.Equal(1, json.RootElement.GetProperty("exercise").GetInt32());
        Assert.Equal((0, 10), (json.RootElement.GetProperty("points").GetInt32(), json.RootElement.GetProperty("of").GetInt32()));
        Assert.Contains(json.RootElement.GetProperty("findings").EnumerateArray(),
            finding => finding.GetProperty("line").ValueKind == JsonValueKind.Number && finding.GetProperty("line").GetInt32() == 6
                && finding.GetProperty("rule").GetString() == "bar-unreachable");
        Assert.Contains("0 of 10 points", error);
        Assert.Contains("<testsuite name=\"Exercise 1: ", File.ReadAllText(junit));
        Assert.Contains(Path.GetFileName(film), error);
        Assert.Contains("</html>", File.ReadAllText(film));
    }

    [Theory]
    [InlineData("", "which exercise? 1 to 8")]
    [InlineData("--seeds 3", "which exercise? 1 to 8")]
    [InlineData("1 /proc", "/proc is a directory: expected a C# file")]
    [InlineData("1 --junit /proc", "--junit: /proc is a directory: expected a file")]
    [InlineData("9", "there is no exercise '9'")]
    [InlineData("x", "there is no exercise 'x'")]
    [InlineData("1 /nowhere/file.cs", "/nowhere/file.cs")]
    [InlineData("1 --seeds 0", "--seeds: '0' is out of range: expected 1 to 10000")]
    [InlineData("1 --sedes 1", "--sedes")]
    public void ACommandLineThatMakesNoSenseIsTold(string arguments, string says)
    {
        var (exitCode, output, error) = Grading.RunCommand(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, exitCode);
        Assert.Equal("", output);
        Assert.StartsWith("ixy grade: ", error);
        Assert.Contains(says, error);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("1 $0")]
    [InlineData("1 $0 --json")]
    [InlineData("--help")]
    public void AFullStandardOutputIsTold(string arguments)
    {
        var (exitCode, _, error) = RunInShell($"{arguments} --seeds 1 > /dev/full");
        Assert.Equal(2, exitCode);
        Assert.StartsWith("ixy grade: standard output cannot be written: ", error.TrimEnd('\n').Split('\n')[^1]);
        Assert.DoesNotContain("Unhandled", error);
    }

    [Fact]
    public void AFullStandardErrorKeepsNoVerdictBack()
    {
        var (exitCode, output, _) = RunInShell("1 $0 --json --seeds 1 2> /dev/full");
        Assert.Equal(1, exitCode);
        Assert.StartsWith("{\"command\":\"grade\"", output);
        Assert.Equal(2, RunInShell("9 2> /dev/full").ExitCode);
    }

    // The build takes minutes, so it is announced even if standard error is not a terminal.
    [Fact]
    public void TheFirstBuildIsTold()
    {
        string folder = _folder.FullName;
        File.Copy(Path.Combine(Grading.Root, "ixy"), Path.Combine(folder, "ixy"));
        File.WriteAllText(Path.Combine(folder, "dotnet"), "#!/bin/sh\necho \"$1\"\n");
        var (exitCode, output, error) = Grading.Start(
            "bash", "-c", "chmod +x \"$0/dotnet\" && PATH=$0:$PATH exec \"$0/ixy\" grade", folder);
        Assert.Equal((0, "exec\n"), (exitCode, output));
        Assert.Equal("ixy: building, which takes some minutes the first time ...\n", error);
        File.Delete(Path.Combine(folder, "labs/grader/bin/Release/ixy.built"));
        var toNobody = Grading.Start("bash", "-c", "PATH=$0:$PATH exec \"$0/ixy\" grade 2> /dev/full", folder);
        Assert.Equal((0, "exec\n"), (toNobody.ExitCode, toNobody.Output));
    }

    // Failures that only a separate process survives.
    [Theory]
    [InlineData("Func<int, int> deeper = null!; deeper = one => deeper(one) + 1; deeper(1); return null;",
        "the stack has overflowed")]
    [InlineData("Span<byte> much = stackalloc byte[100_000_000]; much[5] = 1; return null;", "the stack has overflowed")]
    [InlineData("var much = new byte[2_000_000_000]; return null;", "asks for more memory than an exercise has")]
    public void TheProcessThatJudgesMayEnd(string find, string says)
    {
        string text = $$"""
            using Ixy.Labs;
            using Ixy.Vfio;
            public class Mine : ICardFinder
            {
                public PciDevice? Find(IReadOnlyList<PciDevice> functions) { {{find}} }
                public byte[] ReadMacAddress(PciDevice card) => [];
            }
            """;
        var verdict = Parent.Grade(Grading.Find(1), "mine.cs", text, 1, Path.Combine(_folder.FullName, "film.html"));
        Assert.Equal(0, verdict.Points);
        Assert.Contains(verdict.Findings, finding => finding.Message.Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public void TheProcessThatJudgesIsEndedWhenItsTimeIsOver()
    {
        string text = File.ReadAllText(Path.Combine(Grading.Root, "labs", Grading.Find(1).File));
        var verdict = Parent.Grade(
            Grading.Find(1), "mine.cs", text, 1, Path.Combine(_folder.FullName, "film.html"), TimeSpan.FromMilliseconds(20));
        Assert.Contains("was ended after", verdict.Findings[0].Message);
    }

    [Fact]
    public void AFileThatRunsForLongIsTold()
    {
        var said = new List<string>();
        var verdict = Parent.Grade(
            Grading.Find(1), "mine.cs", WithoutEnd, 1, Path.Combine(_folder.FullName, "film.html"), TimeSpan.FromSeconds(2),
            patience: TimeSpan.FromMilliseconds(20), said.Add);
        Assert.Equal("ixy grade: your file still runs; a limit of 2 s ends it\n", Assert.Single(said));
        Assert.Contains("was ended after 2 seconds", verdict.Findings[0].Message);
    }

    [Fact]
    public void TheProcessThatJudgesEndsWithTheOneThatStartedIt()
    {
        var submission = Submission.Compile("mine.cs", WithoutEnd, allowsGiven: false);
        Assert.Empty(submission.Errors);
        Parent.Write(_folder.FullName, submission, WithoutEnd, new(1, "mine.cs", 1, Path.Combine(_folder.FullName, "film.html")));
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(Exercise).Assembly.Location, "judge", _folder.FullName])
        {
            RedirectStandardInput = true,
        };
        using var child = Process.Start(start)!;
        try
        {
            child.StandardInput.Close();
            Assert.True(child.WaitForExit(TimeSpan.FromMinutes(1)), "it still runs");
            Assert.Equal(Child.ParentIsGone, child.ExitCode);
        }
        finally
        {
            if (!child.HasExited) child.Kill();
        }
    }

    [SkippableFact]
    public void TheVerdictIsTheSameInEachProcess()
    {
        string text = Grading.Plant(3, "* _next ==> * (_next % 7)");
        string[] verdicts = [.. Enumerable.Range(0, 2).Select(_ => Report.Json(Parent.Grade(
            Grading.Find(3), "mine.cs", text, 2, Path.Combine(_folder.FullName, "film.html"))))];
        Assert.Equal(verdicts[0], verdicts[1]);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    // $0 is a file that does nothing right.
    private (int ExitCode, string Output, string Error) RunInShell(string arguments)
    {
        string file = Path.Combine(_folder.FullName, "nothing.cs");
        File.WriteAllText(file, "class Nothing { }");
        return Grading.Start(
            "bash", "-c", $"exec dotnet exec '{typeof(Exercise).Assembly.Location}' {arguments}", file);
    }
}
