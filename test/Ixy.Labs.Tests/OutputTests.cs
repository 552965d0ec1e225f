using System.Xml.Linq;
using Ixy.Labs.Grader;

namespace Ixy.Labs.Tests;

/// <summary>
/// Whatever a student's file prints, and wherever the grader may not write, there is a readable verdict.
/// </summary>
public sealed class OutputTests
{
    private static string File(string find) => $$"""
        using Ixy.Labs;
        using Ixy.Vfio;
        public class Mine : ICardFinder
        {
            public PciDevice? Find(IReadOnlyList<PciDevice> functions) { {{find}} }
            public byte[] ReadMacAddress(PciDevice card) => [];
        }
        """;

    [Fact]
    public void ControlCharactersAreTakenOut()
    {
        string text = File("""
            Lab.Print("\u001b[2Jprinted \ud83d\ude00"); throw new Exception("a\0b\uffff\ud800\u001b[31mc"); /* ESCAPE */
            """.Replace("ESCAPE", "\u001b[2J"));
        var verdict = Grading.Grade(1, text, seeds: 1);
        var failure = XDocument.Parse(Report.JUnit(Grading.Find(1), verdict)).Descendants("failure").First();
        Assert.Contains("a\uFFFDb\uFFFD\uFFFD\uFFFD[31mc.", failure.Value);
        using var output = new StringWriter();
        Report.Print(Grading.Find(1), "mine.cs", verdict, output, path => path);
        Assert.Contains("\uFFFD[2Jprinted \ud83d\ude00", output.ToString());
        Assert.Contains("throw new Exception(", output.ToString());
        Assert.DoesNotContain(output.ToString(), one => char.IsControl(one) && one != '\n');
    }

    // A reader of JSON or JUnit does not see the findings above.
    [Fact]
    public void ATaskThatFailsForAReasonThatWasGivenHasItToo()
    {
        var verdict = Grading.Grade(1, File("Lab.Print(\"here\"); throw new Exception(\"stop\");"), seeds: 2);
        string[] failed = [.. verdict.Tasks.Where(task => task.Points == 0).Select(task => task.Title)];
        Assert.Equal(failed, verdict.Findings.Select(finding => finding.Task));
        Assert.Equal(2, verdict.Findings.Count(finding => finding.Message.Contains("stop", StringComparison.Ordinal)));
        var failures = XDocument.Parse(Report.JUnit(Grading.Find(1), verdict)).Descendants("failure");
        Assert.Equal(failed.Length, failures.Count());
        Assert.All(failures, failure => Assert.NotEqual("", failure.Value));
        string words = Print(1, verdict);
        Assert.Equal(2, words.Split("threw Exception: stop.").Length);
        Assert.Contains($"for the same reason as '{failed[0]}'\n", words);
        Assert.Contains($"Your file printed, in the run '{failed[0]}, seed 0':\n  here\n", words);
    }

    // Titles may be long.
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void PointsAreInOneColumn(int number)
    {
        var verdict = Grading.Grade(number, "nonsense");
        string[] rows = [
            .. Print(number, verdict).Split('\n').Where(line => line.StartsWith("  --", StringComparison.Ordinal))];
        Assert.Equal(verdict.Tasks.Count, rows.Length);
        Assert.Single(rows.Select(row => row.LastIndexOf(" 0 of ", StringComparison.Ordinal)).Distinct());
    }

    private static string Print(int number, Verdict verdict)
    {
        using var output = new StringWriter();
        Report.Print(Grading.Find(number), "mine.cs", verdict, output, path => path);
        return output.ToString();
    }

    [Fact]
    public void AFilmThatCannotBeWrittenCostsNoPoints()
    {
        string text = File(
            "return functions.FirstOrDefault(one => one is { DeviceId: 0x10FB, VendorId: 0x8086 });");
        var verdict = Judge.Grade(Grading.Find(1), "mine.cs", text, 2, film: "/proc/nowhere/film.html");
        Assert.Equal(5, verdict.Points);
        Assert.All(verdict.Findings, finding => Assert.Null(finding.Film));
        using var output = new StringWriter();
        Report.Print(Grading.Find(1), "mine.cs", verdict, output, path => path);
        Assert.Contains("The film of the run that failed could not be written: ", output.ToString());
        Assert.Contains("/proc/nowhere", output.ToString());
    }
}
