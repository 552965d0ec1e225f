using System.Text.RegularExpressions;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>docs/faults.md has a row for each fault, and names nothing that does not exist.</summary>
public sealed partial class FaultPageTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(Checkout.Root, "docs/faults.md"));

    [Fact]
    public void EachFaultHasARowInTheOrderOfTheTable()
    {
        var rows = Rows().Matches(s_page).Select(match => match.Groups[1].Value);
        Assert.Equal(CardFault.All.Select(fault => fault.Name), rows);
    }

    [Fact]
    public void NoCellIsEmpty()
    {
        foreach (Match row in Rows().Matches(s_page))
        {
            string[] cells = [.. row.Value.Trim('|').Split('|').Select(cell => cell.Trim())];
            Assert.Equal(5, cells.Length);
            Assert.All(cells, Assert.NotEmpty);
        }
    }

    [Fact]
    public void NeitherIsOneOfTheFaultsThatCannotBeInjected()
    {
        string[] rows = [.. s_page[s_page.IndexOf("## Other faults", StringComparison.Ordinal)..]
            .Split("\n## ")[0].Split('\n').Where(line => line.StartsWith('|'))];
        Assert.InRange(rows.Length, 4, 10);
        Assert.Contains("| what is released |", rows[0]);
        foreach (string row in rows)
        {
            string[] cells = [.. row.Trim('|').Split('|').Select(cell => cell.Trim())];
            Assert.Equal(4, cells.Length);
            Assert.All(cells, Assert.NotEmpty);
        }
    }

    // The table of faults says how long each one lasts.
    [Fact]
    public void TheSecondColumnIsTrue()
    {
        foreach (var fault in CardFault.All)
        {
            string row = s_page.Split('\n')
                .Single(line => line.StartsWith($"| `{fault.Name}` |", StringComparison.Ordinal));
            string lasts = row.Split('|')[2].Trim();
            string expected = (fault.Course, fault.UsualDuration) switch
            {
                (_, { } nanoseconds) => $"{nanoseconds / 1_000_000} ms",
                (FaultCourse.State, _) => "until mended",
                (FaultCourse.UntilReset, _) => "to the next reset",
                (FaultCourse.Once, _) => "once",
                _ => "one ",
            };
            Assert.StartsWith(expected, lasts);
        }
    }

    [Fact]
    public void TypesAndMembersThatItNamesAreThere()
    {
        var types = new[] { typeof(NetworkDevice), typeof(Ixy.Vfio.PciDevice), typeof(CardFault) }
            .SelectMany(type => type.Assembly.GetExportedTypes()).ToList();
        var exceptions = Exceptions().Matches(s_page).Select(match => match.Value).Distinct().ToList();
        Assert.InRange(exceptions.Count, 5, 20);
        Assert.All(exceptions, name => Assert.Contains(types, type => type.Name == name));
        var counters = Counters().Matches(s_page).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.Equal(5, counters.Count);
        Assert.All(counters, name => Assert.NotNull(typeof(DeviceFaults).GetProperty(name)));
    }

    [GeneratedRegex(@"^\| `([a-z-]+)` \|.*\|$", RegexOptions.Multiline)]
    private static partial Regex Rows();

    [GeneratedRegex(@"\b\w+Exception\b")]
    private static partial Regex Exceptions();

    [GeneratedRegex(@"`Faults\.(\w+)`")]
    private static partial Regex Counters();
}
