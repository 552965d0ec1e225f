using System.Diagnostics;
using System.Text.Json;

namespace Ixy.Labs.Grader;

/// <summary>What the process that judges is told.</summary>
internal sealed record Order(int Exercise, string Path, int Seeds, string Film, int FirstSeed = 0);

/// <summary>
/// Compiles a file and has it graded by a separate process, with limited memory and time. Whatever that process does,
/// there is a verdict.
/// </summary>
internal static class Parent
{
    internal const string AssemblyFile = "exercise.dll", SymbolsFile = "exercise.pdb", SourceFile = "exercise.cs";
    internal const string OrderFile = "order.json", VerdictFile = "verdict.json";

    // A run of the slowest solution takes a few seconds.
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(120);

    // If it takes this long, something may be running forever.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private const string HeapLimit = "0x18000000"; // 384 MiB

    /// <summary>Grades a file's text.</summary>
    /// <param name="exercise">The exercise.</param>
    /// <param name="path">The file's name.</param>
    /// <param name="text">Its content.</param>
    /// <param name="seeds">So many runs of each task.</param>
    /// <param name="film">Where the first failing run is shown.</param>
    /// <param name="time">After which it is ended; null for two minutes, and more with many seeds.</param>
    /// <param name="patience">After which it is said that it still runs; null for 10 seconds.</param>
    /// <param name="says">Takes that line, with its end.</param>
    /// <param name="firstSeed">The seed of the first run; the others follow.</param>
    internal static Verdict Grade(
        Exercise exercise, string path, string text, int seeds, string film, TimeSpan? time = null,
        TimeSpan? patience = null, Action<string>? says = null, int firstSeed = 0)
    {
        var submission = Submission.Compile(path, text, exercise.AllowsGiven);
        if (submission.Errors.Count > 0) return Judge.Refuse(exercise, submission.Errors, text, seeds, firstSeed);
        var folder = Directory.CreateTempSubdirectory("ixy-grade-");
        try
        {
            Write(folder.FullName, submission, text, new(exercise.Number, path, seeds, film, firstSeed));
            // More seeds take more time.
            var limit = time ?? s_time * Math.Max(1, seeds / Judge.UsualSeeds);
            var (exitCode, error) = Run(folder.FullName, limit, patience ?? s_patience, says);
            string verdict = Path.Combine(folder.FullName, VerdictFile);
            return exitCode == 0 && File.Exists(verdict)
                ? JsonSerializer.Deserialize<Verdict>(File.ReadAllText(verdict))!
                : Judge.Refuse(exercise, [new(0, Describe(exitCode, error, limit))], text, seeds, firstSeed);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Writes the grading process's input.</summary>
    internal static void Write(string folder, Submission submission, string text, Order order)
    {
        File.WriteAllBytes(Path.Combine(folder, AssemblyFile), submission.Assembly!);
        File.WriteAllBytes(Path.Combine(folder, SymbolsFile), submission.Symbols!);
        File.WriteAllText(Path.Combine(folder, SourceFile), text);
        File.WriteAllText(Path.Combine(folder, OrderFile), JsonSerializer.Serialize(order));
    }

    private static (int? ExitCode, string Error) Run(
        string folder, TimeSpan limit, TimeSpan patience, Action<string>? says)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(Parent).Assembly.Location, "judge", folder])
        {
            RedirectStandardError = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        using var child = Process.Start(start)!;
        // Its standard input stays open as long as this process lives.
        var error = child.StandardError.ReadToEndAsync();
        _ = child.StandardOutput.ReadToEndAsync();
        bool hasEnded = child.WaitForExit(patience < limit ? patience : limit);
        if (!hasEnded && patience < limit)
        {
            says?.Invoke($"ixy grade: your file still runs; a limit of {limit.TotalSeconds:F0} s ends it\n");
            hasEnded = child.WaitForExit(limit - patience);
        }
        if (!hasEnded)
        {
            child.Kill(entireProcessTree: true);
            child.WaitForExit();
            return (null, "");
        }
        return (child.ExitCode, error.Result);
    }

    private static string Describe(int? exitCode, string error, TimeSpan limit)
    {
        if (exitCode is null)
            return $"your file was ended after {limit.TotalSeconds:F0} seconds: something in it does not end.";
        if (error.Contains("Stack overflow", StringComparison.Ordinal))
            return "the stack has overflowed: a method or lambda calls itself without end, or a stackalloc is too large.";
        if (error.Contains("OutOfMemory", StringComparison.Ordinal) || error.Contains("Out of memory", StringComparison.Ordinal))
            return "your file asks for more memory than an exercise has.";
        string last = error.Split('\n').FirstOrDefault(line => line.Trim().Length > 0, "it said nothing");
        return $"the process that ran your file ended early (exit code {exitCode}): {last.Trim()}";
    }
}

/// <summary>The grading process.</summary>
internal static class Child
{
    internal const int ParentIsGone = 3;

    internal static int Run(string folder)
    {
        new Thread(EndWithParent) { IsBackground = true }.Start();
        var order = JsonSerializer.Deserialize<Order>(File.ReadAllText(Path.Combine(folder, Parent.OrderFile)))!;
        var submission = new Submission(
            order.Path, File.ReadAllBytes(Path.Combine(folder, Parent.AssemblyFile)),
            File.ReadAllBytes(Path.Combine(folder, Parent.SymbolsFile)), []);
        string text = File.ReadAllText(Path.Combine(folder, Parent.SourceFile));
        var exercise = Exercise.All.First(exercise => exercise.Number == order.Exercise);
        var verdict = Judge.Run(exercise, submission, text, order.Seeds, order.Film, order.FirstSeed);
        File.WriteAllText(Path.Combine(folder, Parent.VerdictFile), JsonSerializer.Serialize(verdict));
        return 0;
    }

    // Nobody would read the verdict, and a file that does not end would run forever.
    private static void EndWithParent()
    {
        using var input = Console.OpenStandardInput();
        while (input.ReadByte() >= 0)
        {
        }
        Environment.Exit(ParentIsGone);
    }
}
