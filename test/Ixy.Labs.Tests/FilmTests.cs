using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ixy.Labs.Grader;

namespace Ixy.Labs.Tests;

/// <summary>The film of a failed run shows the failure, or says that it does not.</summary>
public sealed partial class FilmTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ixy-films-");

    private string Path => System.IO.Path.Combine(_folder.FullName, "6.html");

    // 4,000 frames make more events than a recorder keeps by default.
    [SkippableFact]
    public void AFilmGoesOnUntilTheFailure()
    {
        var verdict = Grade(Judge.MostEvents);
        using var film = JsonDocument.Parse(Data().Match(File.ReadAllText(Path)).Groups[1].Value);
        Assert.Equal(0, film.RootElement.GetProperty("leftOut").GetInt64());
        Assert.InRange(film.RootElement.GetProperty("events").GetArrayLength(),
            Ixy.Simulation.Recording.Recorder.DefaultLimit + 1, Judge.MostEvents);
        // The last frame to arrive is in it: frame numbers follow the addresses and the type.
        int last = film.RootElement.GetProperty("frames").EnumerateArray().Max(frame =>
            BinaryPrimitives.ReadInt32BigEndian(Base64Url.DecodeFromChars(frame[1].GetString()).AsSpan(14)));
        Assert.Equal(3999, last);
        Assert.Contains($"A film of the run that failed: {Path} (open it in a browser; the key End shows what came last)\n",
            Print(verdict));
    }

    [SkippableFact]
    public void AFilmThatIsTooShortSaysSo()
    {
        var verdict = Grade(1000);
        Assert.Equal(1000, verdict.FilmEvents);
        Assert.Contains($"A film of the run that failed: {Path} (its first 1000 events: the failure came later; open it in a "
            + "browser)\n", Print(verdict));
        Assert.Contains("\"leftOut\":", File.ReadAllText(Path));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    // One register read per poll: the task that counts them is the first to fail.
    private Verdict Grade(int mostEvents)
    {
        string text = Grading.Plant(6, "        TakeBack(); ==>         _right.Read32(0x6010); TakeBack();");
        var verdict = Judge.Grade(Grading.Find(6), "mine.cs", text, seeds: 1, Path, mostEvents: mostEvents);
        Assert.StartsWith("Poll read registers", verdict.Findings[0].Message);
        Assert.Equal(Path, verdict.Findings[0].Film);
        return verdict;
    }

    private static string Print(Verdict verdict)
    {
        using var output = new StringWriter();
        Report.Print(Grading.Find(6), "mine.cs", verdict, output, path => path);
        return output.ToString();
    }

    [GeneratedRegex("""id="data"[^>]*>(.*?)</script>""", RegexOptions.Singleline)]
    private static partial Regex Data();
}
