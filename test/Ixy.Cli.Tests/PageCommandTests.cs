using System.Text;
using System.Text.RegularExpressions;

namespace Ixy.Cli.Tests;

/// <summary>Every ixy command line in the documentation parses: command, options and values.</summary>
public sealed partial class PageCommandTests
{
    public static TheoryData<string> Pages => [.. Checkout.Pages];

    [Theory]
    [MemberData(nameof(Pages))]
    public void ItsCommandLinesAreUnderstood(string page)
    {
        var root = Commands.Root();
        Assert.All(CommandsOf(page), command =>
        {
            var parsed = root.Parse(Words(command), new() { ResponseFileTokenReplacer = null });
            Assert.True(parsed.Errors.Count == 0, $"{command}: {string.Join("; ", parsed.Errors)}");
        });
    }

    [Fact]
    public void TheyAreFound()
    {
        Assert.Contains("pktgen 0000:03:00.0 --rate 1kpps --duration 10s", CommandsOf("docs/real-cards.md"));
        Assert.InRange(((IEnumerable<object[]>)Pages).Sum(page => CommandsOf((string)page[0]).Count()), 60, 1000);
        Assert.Equal(
            ["fwd", "sim:ixgbe,wire=pcap:>out", "b"], Words("fwd 'sim:ixgbe,wire=pcap:>out' b | head # and more"));
    }

    // In blocks of shell commands, with or without sudo; lines with an ellipsis or a variable are skipped.
    private static IEnumerable<string> CommandsOf(string page) =>
        from block in Block().Matches(File.ReadAllText(Path.Combine(Checkout.Root, page)))
        from line in block.Groups[1].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n')
        let command = Command().Match(line)
        where command.Success && !line.Contains('…') && !line.Contains('$')
        select command.Groups[1].Value.Trim();

    /// <summary>The words of a command, as a shell splits them, up to the first part that is not an argument.</summary>
    private static string[] Words(string command)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        char quote = '\0';
        foreach (char letter in command + " ")
        {
            if (quote != '\0' && letter == quote) quote = '\0';
            else if (quote == '\0' && letter is '\'' or '"') quote = letter;
            else if (quote == '\0' && letter == ' ')
            {
                if (word.Length > 0) words.Add($"{word}");
                word.Clear();
            }
            else if (quote == '\0' && letter is '|' or '#' or '>' or '&' or ';' or ')') break;
            else word.Append(letter);
        }
        return [.. words];
    }

    [GeneratedRegex(@"^```sh\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^(?:sudo )?(?:\./)?ixy (.*)$")]
    private static partial Regex Command();
}
