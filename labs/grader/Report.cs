using System.Text;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;

namespace Ixy.Labs.Grader;

/// <summary>A verdict for people, for programs, and for tools that show test results.</summary>
internal static class Report
{
    private const int Columns = 96;

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>For people.</summary>
    internal static void Print(
        Exercise exercise, string path, Verdict verdict, TextWriter output, Func<string, string> shorten)
    {
        output.WriteLine($"Exercise {exercise.Number}: {exercise.Title} ({path})");
        output.WriteLine();
        foreach (var finding in verdict.Findings.Where(finding => finding.Task.Length == 0))
            Print(finding, false, output);
        if (verdict.Findings.Any(finding => finding.Task.Length == 0)) output.WriteLine();
        int widest = Math.Max(52, verdict.Tasks.Max(task => task.Title.Length));
        var said = new Dictionary<(string, int?), string>();
        foreach (var task in verdict.Tasks)
        {
            bool isDone = task.Points == task.Of;
            output.WriteLine($"  {(isDone ? "ok  " : "--  ")}{task.Title.PadRight(widest)} {task.Points} of {task.Of}");
            if (isDone) continue;
            foreach (var finding in verdict.Findings.Where(finding => finding.Task == task.Title))
            {
                if (said.TryAdd((finding.Message, finding.Line), task.Title))
                    Print(finding, verdict.FirstSeed > 0, output);
                else output.WriteLine($"        for the same reason as '{said[(finding.Message, finding.Line)]}'");
            }
        }
        if (verdict.Printed.Count > 0)
        {
            output.WriteLine();
            output.WriteLine($"Your file printed, in the run '{verdict.PrintedBy}':");
            foreach (string line in verdict.Printed) output.WriteLine($"  {line}");
        }
        output.WriteLine();
        output.WriteLine($"{verdict.Points} of {verdict.Of} points");
        if (verdict.Findings.FirstOrDefault(finding => finding.Film is not null) is { Film: { } film })
            output.WriteLine($"A film of the run that failed: {shorten(film)} (" + (verdict.FilmEvents is { } events
                ? $"its first {events} events: the failure came later; open it in a browser)"
                : "open it in a browser; the key End shows what came last)"));
        if (verdict.NoFilm is { } why)
            output.WriteLine($"The film of the run that failed could not be written: {why} (--film FILE writes it elsewhere)");
        if (verdict.FirstSeed > 0)
            output.WriteLine($"Seeds: {verdict.FirstSeed} to {verdict.FirstSeed + verdict.Seeds - 1}");
    }

    /// <summary>For programs: one line.</summary>
    internal static string Json(Verdict verdict) => JsonSerializer.Serialize(
        new
        {
            command = "grade",
            verdict.Exercise,
            verdict.FirstSeed,
            verdict.Seeds,
            verdict.Points,
            verdict.Of,
            verdict.Findings,
            verdict.Tasks,
        }, s_json);

    /// <summary>For tools that show test results: a test case for each task.</summary>
    internal static string JUnit(Exercise exercise, Verdict verdict)
    {
        var cases = verdict.Tasks.Select(task => new XElement("testcase",
            new XAttribute("classname", $"exercise {exercise.Number}"), new XAttribute("name", task.Title),
            task.Points == task.Of ? null : new XElement("failure",
                new XAttribute("message", $"{task.Points} of {task.Of} points"),
                string.Join("\n", verdict.Findings.Where(finding => finding.Task == task.Title || finding.Task.Length == 0)
                    .Select(Text)))));
        var suite = new XElement("testsuite",
            new XAttribute("name", $"Exercise {exercise.Number}: {exercise.Title}"),
            new XAttribute("tests", verdict.Tasks.Count),
            new XAttribute("failures", verdict.Tasks.Count(task => task.Points < task.Of)), cases);
        return new XDocument(new XDeclaration("1.0", "utf-8", null), suite).ToString();
    }

    /// <summary>
    /// A student's text on one line, without characters that break an XML file or move a terminal's cursor.
    /// </summary>
    internal static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        // Half a surrogate pair becomes U+FFFD.
        foreach (var rune in text.EnumerateRunes())
        {
            clean.Append(rune.Value is '\t' or '\n' or '\r' ? " "
                : Rune.IsControl(rune) || rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "\uFFFD"
                : rune.ToString());
        }
        return clean.ToString();
    }

    private static string Text(Finding finding)
    {
        string line = finding.Line is { } number ? $"line {number}: " : "";
        string section = finding.Section is { } where ? $" [{where}]" : "";
        string seed = finding.Seed is { } drawn ? $" (seed {drawn})" : "";
        return $"{line}{finding.Message}{section}{seed}";
    }

    private static void Print(Finding finding, bool hasSeed, TextWriter output)
    {
        foreach (string line in Wrap(finding.Message)) output.WriteLine($"        {line}");
        if (finding.Section is { } section)
            output.WriteLine($"        section: {section}{(finding.Rule is { } rule ? $" (rule {rule})" : "")}");
        if (finding.Line is { } number)
            output.WriteLine($"        line {number}:  {finding.Source}");
        if (hasSeed && finding.Seed is { } seed) output.WriteLine($"        seed {seed}");
    }

    private static IEnumerable<string> Wrap(string text)
    {
        var line = new StringBuilder();
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > Columns)
            {
                yield return $"{line}";
                line.Clear();
            }
            if (line.Length > 0) line.Append(' ');
            line.Append(word);
        }
        if (line.Length > 0) yield return $"{line}";
    }
}
