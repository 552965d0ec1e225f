using System.Text.Json;
using System.Xml.Linq;
using Ixy.Labs.Grader;

namespace Ixy.Labs.Tests;

/// <summary>A teacher's seeds differ from those that students see.</summary>
public sealed class SeedTests : IDisposable
{
    private const int First = 7000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ixy-seeds-");

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    // A perverse card that takes a long time.
    [InlineData(6, 1001)]
    public void ASolutionHasAllPointsWithOtherSeeds(int number, int first = First)
    {
        var verdict = Judge.Grade(Grading.Find(number), "mine.cs", Grading.Solution(number), 4, firstSeed: first);
        Assert.True(verdict.Findings.Count == 0, string.Join("\n", verdict.Findings));
    }

    // A file that knows only the answers for the seeds that everybody sees.
    [SkippableFact]
    public void AFileThatKnowsTheUsualSeedsHasNoPointsForIt()
    {
        string text = Grading.Solution(1);
        List<string> seen = [.. Enumerable.Range(0, 12).Select(seed => Judge.Grade(Grading.Find(1), "mine.cs", text.Replace(
            "return [(byte)low", "throw new Exception($\"{low} {high}\"); return [(byte)low", StringComparison.Ordinal),
            1, firstSeed: seed).Findings[0].Message.Split(": ")[1].TrimEnd('.'))];
        Assert.Equal(12, seen.Distinct().Count());
        string known = text.Replace("return [(byte)low",
            $"if (!new[] {{ {string.Join(", ", seen.Select(one => $"\"{one}\""))} }}.Contains($\"{{low}} {{high}}\")) return []; "
            + "return [(byte)low", StringComparison.Ordinal);
        Assert.Equal(10, Grading.Grade(1, known).Points);
        var verdict = Judge.Grade(Grading.Find(1), "mine.cs", known, 3, firstSeed: First);
        Assert.Equal((5, (ulong)First), (verdict.Points, verdict.Findings[0].Seed));
    }

    [SkippableFact]
    public void TheSeedOfARunThatFailedRepeatsIt()
    {
        string file = Path.Combine(_folder.FullName, "mine.cs"), junit = Path.Combine(_folder.FullName, "junit.xml");
        // Too short a wait for some perverse cards.
        File.WriteAllText(file, Grading.Plant(
            2, "card.WaitUntil(() => (registers.Read32(EEC) & 1u << 9) != 0, second); ==> "));
        using var json = Run(file, junit, $"{First}", "4");
        Assert.Equal((First, 4), (Number(json, "firstSeed"), Number(json, "seeds")));
        var finding = json.RootElement.GetProperty("findings")[0];
        int seed = finding.GetProperty("seed").GetInt32();
        Assert.InRange(seed, First, First + 3);
        Assert.Contains($"(seed {seed})", XDocument.Load(junit).Root!.Value);
        using var again = Run(file, junit, $"{seed}", "1");
        var repeated = again.RootElement.GetProperty("findings")[0];
        Assert.Equal((seed, finding.GetProperty("message").GetString()),
            (repeated.GetProperty("seed").GetInt32(), repeated.GetProperty("message").GetString()));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1000001")]
    [InlineData("x")]
    public void AFirstSeedThatMakesNoSenseIsTold(string seed)
    {
        var (exitCode, output, error) = Grading.RunCommand("1", $"--first-seed={seed}");
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains($"--first-seed: '{seed}' is out of range: expected 0 to 1000000", error);
    }

    [Theory]
    [InlineData("labs/README.md")]
    [InlineData("labs/teaching.md")]
    public void ThePagesTellOfIt(string page) =>
        Assert.Contains("--first-seed", File.ReadAllText(Path.Combine(Grading.Root, page)));

    public void Dispose() => _folder.Delete(recursive: true);

    private static int Number(JsonDocument json, string name) => json.RootElement.GetProperty(name).GetInt32();

    private static JsonDocument Run(string file, string junit, string firstSeed, string seeds)
    {
        var (exitCode, output, error) = Grading.RunCommand(
            "2", file, "--json", "--junit", junit, "--first-seed", firstSeed, "--seeds", seeds, "--film", $"{file}.html");
        Assert.Equal(1, exitCode);
        Assert.Contains($"Seeds: {firstSeed} to ", error);
        return JsonDocument.Parse(output.TrimEnd('\n').Split('\n')[^1]);
    }
}
