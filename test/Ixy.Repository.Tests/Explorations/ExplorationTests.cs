namespace Ixy.Repository.Tests.Explorations;

/// <summary>
/// Every interleaving of the protocols by which threads and cards sleep, wake and exchange packets, as models in
/// Promela; each model has broken variants that show that a mistake would be found (<c>eng/explore</c>).
/// </summary>
[Trait("needs", "time")]
public sealed class ExplorationTests
{
    /// <summary>Each model, with the minimum number of its broken variants.</summary>
    public static TheoryData<string, int> Models => new()
    {
        { "packet-ring", 4 },
        { "pool", 10 },
        { "sleep-intx", 15 },
        { "sleep-ixgbe", 3 },
        { "sleep-packed", 13 },
        { "sleep-split", 14 },
    };

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void NothingIsFoundButInTheBrokenTwins(string model, int twins)
    {
        Skip.IfNot(Tool.Exists("spin") && Tool.Exists("cc"), "spin or gcc is not installed (apt install spin gcc)");
        string report = Tool.Run(Path.Combine(Checkout.Root, "eng/explore"), model);
        string[] lines = report.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, line => line.Contains("as it is", StringComparison.Ordinal));
        Assert.True(lines.Count(line => line.Contains("  found: ", StringComparison.Ordinal)) >= twins, report);
        Assert.DoesNotContain(lines, line => line.Contains("NOT FOUND", StringComparison.Ordinal)
            || line.Contains(" 0 states", StringComparison.Ordinal));
    }

    [Fact]
    public void EveryModelIsExplored()
    {
        string folder = Path.Combine(Checkout.Root, "test/Ixy.Repository.Tests/Explorations");
        var models = Directory.GetFiles(folder, "*.pml").Select(Path.GetFileNameWithoutExtension).Order();
        Assert.Equal(Models.Select(model => (string)model[0]), models);
    }
}
