using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ixy.Labs.Grader;
using Json.Schema;

namespace Ixy.Labs.Tests;

/// <summary>The pages about the exercises say what is true.</summary>
public sealed partial class PageTests
{
    private static readonly string s_labs = Path.Combine(Grading.Root, "labs");

    // Teachers look up the grader's messages.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void ThePageForTeachersHasAllMistakes(int number)
    {
        string page = File.ReadAllText(Path.Combine(s_labs, "teaching.md"));
        string part = page.Split($"### Exercise {number}:")[1].Split("###")[0];
        string[] said = [.. typeof(MistakeTests).GetMethod($"Exercise{number}")!.GetCustomAttributes<InlineDataAttribute>()
            .SelectMany(data => data.GetData(null!)).Select(row => (string)row[1])];
        Assert.InRange(said.Length, 6, 30);
        Assert.All(said, words => Assert.Contains(words, part));
        Assert.Equal(said.Length, Rows().Count(part) - 2);
    }

    [Fact]
    public void TheStudentsPageHasAllExercises()
    {
        string page = File.ReadAllText(Path.Combine(s_labs, "README.md"));
        foreach (var exercise in Exercise.All)
        {
            string file = File.ReadAllText(Path.Combine(s_labs, exercise.File));
            string minutes = Regex.Match(file, @"\((\d+) minutes\)").Groups[1].Value;
            Assert.Matches($@"\| {exercise.Number} \| \[{exercise.File}\]\({exercise.File}\) \| .* \| {minutes} \|", page);
            Assert.Contains($"// Exercise {exercise.Number}: ", file);
            Assert.Contains($"//     ./ixy grade {exercise.Number}\n", file);
        }
    }

    // A lesson has enough time for an exercise, or says that it continues at home.
    [Fact]
    public void TheLessonHasTheTimeThatTheExercisesTake()
    {
        int[] begun = [.. Lessons().Matches(File.ReadAllText(Path.Combine(s_labs, "teaching.md"))).Select(row =>
        {
            var (from, to) = (int.Parse(row.Groups[1].Value), int.Parse(row.Groups[2].Value));
            int number = int.Parse(row.Groups[3].Value);
            string text = File.ReadAllText(Path.Combine(s_labs, Grading.Find(number).File));
            int minutes = int.Parse(Regex.Match(text, @"\((\d+) minutes\)").Groups[1].Value);
            Assert.True(to - from >= minutes || row.Groups[4].Value.Contains("at home", StringComparison.Ordinal), row.Value);
            return number;
        })];
        Assert.Equal([1, 3], begun);
    }

    [Fact]
    public void TheTextOfExercise7NamesTheTimesThatTheGraderGives()
    {
        string text = File.ReadAllText(Path.Combine(s_labs, Grading.Find(7).File));
        Assert.Contains($"within {Of("Late")} microseconds, or within {Of("LatePerverse")} from a", text);

        static object? Of(string name) => typeof(SleepReceiver)
            .GetField(name, BindingFlags.Static | BindingFlags.NonPublic)!.GetRawConstantValue();
    }

    // In the skeleton, before anybody has worked on it.
    [SkippableFact]
    public void TheStudentsPageShowsTheLineOfTheFirstHole()
    {
        const string Hole = "throw new NotDoneException(1);";
        int line = Grading.LineOf(Skeletons.Make(Grading.Solution(1)), Hole);
        Assert.Contains($"line {line}:  {Hole}", File.ReadAllText(Path.Combine(s_labs, "README.md")));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("teaching.md")]
    public void LinksLeadSomewhere(string page)
    {
        string text = File.ReadAllText(Path.Combine(s_labs, page));
        Assert.All(Links().Matches(text).Select(match => match.Groups[1].Value),
            link => Assert.True(Path.Exists(Path.Combine(s_labs, link)), link));
        Assert.All(text.Split('\n').Where(line => !line.StartsWith('|')), line => Assert.InRange(line.Length, 0, 120));
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(1, "nonsense")]
    [InlineData(3, null)]
    public void VerdictsAreAsTheSchemaSays(int number, string? text)
    {
        var schema = JsonSchema.FromText(File.ReadAllText(Path.Combine(Grading.Root, "docs/schemas/grade.json")));
        text ??= File.ReadAllText(Path.Combine(s_labs, Grading.Find(number).File));
        using var verdict = JsonDocument.Parse(Report.Json(Grading.Grade(number, text, seeds: 1)));
        var result = schema.Evaluate(verdict.RootElement, new() { OutputFormat = OutputFormat.List });
        Assert.True(result.IsValid, JsonSerializer.Serialize(result));
    }

    [GeneratedRegex(@"\]\((?!https?:|#)([\w./-]+)(?:#[\w-]+)?\)")]
    private static partial Regex Links();

    [GeneratedRegex(@"^\| (\d+)–(\d+) \| Exercise (\d)[^|]*\|(.*)$", RegexOptions.Multiline)]
    private static partial Regex Lessons();

    [GeneratedRegex(@"^\|", RegexOptions.Multiline)]
    private static partial Regex Rows();
}
