using System.Text.RegularExpressions;

namespace Ixy.Repository.Tests.Pages;

/// <summary>docs/tour shows lines that are in the sources, and experiments that print what it says.</summary>
public sealed partial class TourTests
{
    private static readonly string s_folder = Path.Combine(Checkout.Root, "docs/tour");

    public static TheoryData<string> Pages =>
        [.. Directory.GetFiles(s_folder, "*.md").Select(page => Path.GetFileName(page)!).Order()];

    public static TheoryData<string, string, string> Experiments
    {
        get
        {
            var all = new TheoryData<string, string, string>();
            foreach (string page in Directory.GetFiles(s_folder, "*.md").Order())
            {
                foreach (Match match in Experiment().Matches(File.ReadAllText(page)))
                    all.Add(Path.GetFileName(page), match.Groups[1].Value, match.Groups[2].Value);
            }
            return all;
        }
    }

    [Fact]
    public void EachChapterHasAnExcerptAndAnExperiment()
    {
        string[] chapters = [.. Directory.GetFiles(s_folder, "*.md").Where(page => !page.EndsWith("README.md"))];
        Assert.InRange(chapters.Length, 9, 20);
        Assert.All(chapters, chapter =>
        {
            string text = File.ReadAllText(chapter);
            Assert.True(Excerpt().IsMatch(text), $"{chapter} shows no source");
            Assert.True(Experiment().IsMatch(text), $"{chapter} has no experiment");
            // The patterns miss none.
            Assert.Equal(text.Split("<!-- source:").Length, Excerpt().Count(text) + 1);
            Assert.Equal(text.Split("<!-- experiment").Length, Experiment().Count(text) + 1);
        });
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void ExcerptsAreInTheSource(string page)
    {
        foreach (Match match in Excerpt().Matches(File.ReadAllText(Path.Combine(s_folder, page))))
        {
            string path = match.Groups[1].Value;
            string[] source = File.ReadAllLines(Path.Combine(Checkout.Root, path));
            string[] lines = match.Groups[2].Value.TrimEnd('\n').Split('\n');
            Assert.InRange(lines.Length, 2, 30);
            Assert.True(
                Enumerable.Range(0, source.Length).Any(start => StandAt(source, start, lines)),
                $"{path} has not, or no longer, these lines:\n{match.Groups[2].Value}");
        }
    }

    [Theory]
    [Trait("needs", "time")]
    [MemberData(nameof(Experiments))]
    public void ExperimentsGiveWhatThePageSays(string page, string command, string expected)
    {
        string[] words = command.Split(' ');
        Assert.Equal("./ixy", words[0]);
        var (_, output, error) = IxyProcess.Run(words[1..]);
        string printed = $"{output}\n{error}";
        string[] lines = [.. printed.Split('\n').Select(line => line.TrimEnd())];
        int from = 0;
        bool anywhere = true;
        foreach (string line in expected.TrimEnd('\n').Split('\n').Select(line => line.TrimEnd()))
        {
            if (line == "…")
            {
                anywhere = true;
                continue;
            }
            int found = Array.IndexOf(lines, line, from);
            Assert.True(
                found >= 0 && (anywhere || found == from), $"{page}: no line “{line}” in its place in\n{printed}");
            (from, anywhere) = (found + 1, false);
        }
    }

    // The same lines, apart from common indentation.
    private static bool StandAt(string[] source, int start, string[] lines)
    {
        if (start + lines.Length > source.Length) return false;
        string indentation = source[start][..(source[start].Length - source[start].TrimStart().Length)];
        indentation = indentation[..Math.Max(0, indentation.Length - (lines[0].Length - lines[0].TrimStart().Length))];
        return lines.Index().All(
            line => source[start + line.Index] == (line.Item == "" ? "" : indentation + line.Item));
    }

    [GeneratedRegex(
        "^<!-- source: (\\S+) -->\\n```csharp\\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Excerpt();

    [GeneratedRegex(
        "^<!-- experiment -->\\n```sh\\n([^\\n]*)\\n```\\n+```text\\n(.*?)^```$",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Experiment();
}
