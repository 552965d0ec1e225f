using System.Text.RegularExpressions;

namespace Ixy.Repository.Tests.Pages;

/// <summary>docs/promises.md names only tests that exist.</summary>
public sealed partial class PromisesPageTests
{
    private static readonly List<string[]> s_rows = [
        .. File.ReadLines(Path.Combine(Checkout.Root, "docs/promises.md"))
        .Where(line => line.StartsWith('|') && !line.StartsWith("|---", StringComparison.Ordinal))
        .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray())
        .Where(cells => cells[0] != "promise")];

    [Fact]
    public void EachPromiseHasAFigureAndATestOrSaysThatItHasNone()
    {
        Assert.InRange(s_rows.Count, 15, 40);
        Assert.All(s_rows, cells =>
        {
            Assert.Equal(3, cells.Length);
            Assert.EndsWith(".", cells[0]);
            Assert.NotEmpty(cells[1]);
            if (cells[2] != "not yet") Assert.NotEmpty(Tests().Matches(cells[2]));
        });
    }

    [Fact]
    public void TheTestsAreThere()
    {
        var names = s_rows.SelectMany(cells => Tests().Matches(cells[2])).ToList();
        Assert.All(names, name =>
        {
            string type = name.Groups[1].Value, method = name.Groups[2].Value;
            string[] files = Directory.GetFiles(
                Path.Combine(Checkout.Root, "test"), $"{type}.cs", SearchOption.AllDirectories);
            Assert.True(
                files.Any(file => Regex.IsMatch(
                    File.ReadAllText(file), $@"^    public (async )?(void|Task) {method}\(", RegexOptions.Multiline)),
                $"there is no test {name.Value}");
        });
    }

    [GeneratedRegex(@"`(\w+)\.(\w+)`")]
    private static partial Regex Tests();
}
