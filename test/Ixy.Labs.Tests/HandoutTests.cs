using System.Diagnostics;
using System.Text.Json;
using Ixy.Labs.Grader;

namespace Ixy.Labs.Tests;

/// <summary>What <c>eng/lab-handout</c> writes for students.</summary>
public sealed class HandoutTests : IDisposable
{
    // Files that show part of a solution anyway, according to labs/teaching.md.
    private static readonly string[] s_known = ["labs/library/Given.cs", "labs/7-sleep.cs"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ixy-handout-");

    [SkippableFact]
    public void ItHasNoSolutionsTestsAndHistory()
    {
        Write();
        string[] files = [.. Directory.GetFiles(_folder.FullName, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(_folder.FullName, file))];
        Assert.All(Exercise.All, exercise => Assert.Contains($"labs/{exercise.File}", files));
        Assert.DoesNotContain(files, file => file.StartsWith("test/", StringComparison.Ordinal)
            || file.StartsWith(".git/", StringComparison.Ordinal) || file.StartsWith("labs/solutions", StringComparison.Ordinal)
            || Path.GetFileName(file) == "teaching.md");
        Assert.DoesNotContain("teaching.md", Read("labs/README.md"));
        Assert.DoesNotContain("Tests", Read("Ixy.slnx"));
    }

    [SkippableFact]
    public void ItShowsOfSolutionsWhatThePageForTeachersSays()
    {
        Write();
        string page = File.ReadAllText(Path.Combine(Grading.Root, "labs/teaching.md"));
        Assert.All(s_known, file => Assert.Contains(Path.GetFileName(file), page));
        string[] lines = [
            .. Exercise.All.SelectMany(exercise => HoleLines(Grading.Solution(exercise.Number))).Distinct()];
        Assert.InRange(lines.Length, 30, 1000);
        var showing = from file in Directory.GetFiles(_folder.FullName, "*.*", SearchOption.AllDirectories)
                      where Path.GetExtension(file) is ".cs" or ".md" or ".json"
                      let text = File.ReadAllText(file)
                      where lines.Any(line => text.Contains(line, StringComparison.Ordinal))
                      select Path.GetRelativePath(_folder.FullName, file);
        Assert.Equal(s_known.Order(), showing.Order());
    }

    [SkippableFact]
    public void AFolderWithSomethingInItIsLeftAlone()
    {
        Write();
        var (exitCode, error) = Run(_folder.FullName);
        Assert.Equal(1, exitCode);
        Assert.Contains("is there already", error);
        Assert.Equal(2, Run().ExitCode);
    }

    [SkippableFact]
    [Trait("needs", "time")]
    public void ItBuildsAndGrades()
    {
        Write();
        string ixy = Path.Combine(_folder.FullName, "ixy");
        using var process = Process.Start(new ProcessStartInfo(ixy, ["grade", "1", "--json", "--seeds", "1"])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
        })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(1, process.ExitCode);
        using var verdict = JsonDocument.Parse(output.TrimEnd('\n').Split('\n')[^1]);
        Assert.Equal("Hole 1 is still empty.",
            verdict.RootElement.GetProperty("findings")[0].GetProperty("message").GetString());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    // Only long lines: anybody may write the same short one.
    private static IEnumerable<string> HoleLines(string solution) => solution.Split("//# hole ").Skip(1)
        .SelectMany(part => part.Split("//# end")[0].Split('\n').Skip(1)).Select(line => line.Trim())
        .Where(line => line.Length > 40 && !line.StartsWith("//", StringComparison.Ordinal));

    private string Read(string file) => File.ReadAllText(Path.Combine(_folder.FullName, file));

    private void Write()
    {
        Skip.IfNot(Path.Exists(Path.Combine(Grading.Root, ".git")), "there is no history to take it from");
        var (exitCode, error) = Run(_folder.FullName);
        Assert.True(exitCode == 0, error);
    }

    private static (int ExitCode, string Error) Run(params string[] arguments)
    {
        var (exitCode, output, error) = Grading.Start(Path.Combine(Grading.Root, "eng/lab-handout"), arguments);
        return (exitCode, $"{error}{output}");
    }
}
