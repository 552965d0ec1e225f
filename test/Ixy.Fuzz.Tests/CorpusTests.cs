namespace Ixy.Fuzz.Tests;

/// <summary>The fuzzer's minimized corpus, and every input that once found a fault, as ordinary tests.</summary>
public sealed class CorpusTests
{
    private const long MostBytes = 300_000;

    public static TheoryData<string> Targets => [.. FuzzTarget.All.Select(target => target.Name)];

    // A crash or hang ends the test process, and the runner names the test.
    [Theory]
    [MemberData(nameof(Targets))]
    public void NothingInTheCorpusIsAFind(string name)
    {
        var target = FuzzTarget.Find(name)!;
        string[] files = Directory.GetFiles(Path.Combine(Corpus, name));
        Assert.NotEmpty(files);
        foreach (string file in files.Order(StringComparer.Ordinal))
        {
            var error = Record.Exception(() => target.Run(File.ReadAllBytes(file)));
            Assert.True(error is null, $"{Path.GetRelativePath(Corpus, file)}: {error}");
        }
    }

    [Fact]
    public void TheCorpusIsSmallAndEveryFolderOfItIsATarget()
    {
        Assert.Equal(
            FuzzTarget.All.Select(target => target.Name).Order(StringComparer.Ordinal),
            Directory.GetDirectories(Corpus).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        long bytes = Directory.GetFiles(Corpus, "*", SearchOption.AllDirectories)
            .Sum(file => new FileInfo(file).Length);
        Assert.InRange(bytes, 1, MostBytes);
    }

    private static string Corpus => Path.Combine(Checkout.Root, "test/Ixy.Fuzz/Corpus");
}
