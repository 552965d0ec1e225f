using Ixy.Simulation.Recording;

namespace Ixy.Labs.Grader;

/// <summary>Runs a compiled file through all tasks of an exercise.</summary>
internal static class Judge
{
    internal const int UsualSeeds = 12;

    /// <summary>Events of a film: some times those of a long run, and a page that a browser still shows.</summary>
    internal const int MostEvents = 200_000;

    /// <summary>Grades text: for tests and for the command.</summary>
    /// <param name="exercise">Which.</param>
    /// <param name="path">The file's name.</param>
    /// <param name="text">Its content.</param>
    /// <param name="seeds">So many runs of each task.</param>
    /// <param name="film">Where the first failing run is shown; nowhere if null.</param>
    /// <param name="firstSeed">The seed of the first run; the others follow.</param>
    /// <param name="mostEvents">The film ends after so many.</param>
    internal static Verdict Grade(
        Exercise exercise, string path, string text, int seeds = UsualSeeds, string? film = null, int firstSeed = 0,
        int mostEvents = MostEvents)
    {
        var submission = Submission.Compile(path, text, exercise.AllowsGiven);
        return submission.Errors.Count > 0 ? Refuse(exercise, submission.Errors, text, seeds, firstSeed)
            : Run(exercise, submission, text, seeds, film, firstSeed, mostEvents);
    }

    /// <summary>The verdict on a file that does not run.</summary>
    internal static Verdict Refuse(
        Exercise exercise, IReadOnlyList<CompileError> errors, string text, int seeds, int firstSeed) => new(
        exercise.Number, 0, exercise.Tasks.Sum(task => task.Points),
        [.. errors.Select(error => new Finding("", Report.Clean(error.Message), Line: error.Line == 0 ? null : error.Line,
            Source: SourceOf(text, error.Line)))],
        [.. exercise.Tasks.Select(task => new TaskResult(task.Title, 0, task.Points))], [])
        {
            Seeds = seeds,
            FirstSeed = firstSeed,
        };

    internal static Verdict Run(
        Exercise exercise, Submission submission, string text, int seeds, string? film, int firstSeed = 0,
        int mostEvents = MostEvents)
    {
        Type[] drivers = [
            .. submission.Load().GetTypes().Where(type => type is { IsClass: true, IsAbstract: false }
                && exercise.Contract.IsAssignableFrom(type))];
        if (drivers is not [{ IsPublic: true } driver] || driver.GetConstructor([]) is null)
        {
            return Refuse(exercise, [new(0,
                $"{drivers.Length} {(drivers.Length == 1 ? "class implements" : "classes implement")} "
                + $"{exercise.Contract.Name}: expected a single one, public, with a constructor without parameters")],
                text, seeds, firstSeed);
        }
        var findings = new List<Finding>();
        var results = new List<TaskResult>();
        IReadOnlyList<string> printed = [];
        string? noFilm = null, printedBy = null;
        bool isCut = false;
        foreach (var task in exercise.Tasks)
        {
            var (finding, lines) = Try(driver, task, (ulong)firstSeed, seeds);
            if (printed.Count == 0 || finding is not null && findings.Count == 0)
                (printed, printedBy) = (lines, $"{task.Title}, seed {finding?.Seed ?? (ulong)firstSeed}");
            results.Add(new(task.Title, finding is null ? task.Points : 0, task.Points));
            if (finding is null) continue;
            var clean = finding with { Message = Report.Clean(finding.Message) };
            string? shown = null;
            if (findings.Count == 0 && film is not null)
                (shown, isCut, noFilm) = Show(exercise, driver, task, clean, film, mostEvents);
            findings.Add(clean with
            {
                Task = task.Title,
                Source = SourceOf(text, clean.Line ?? 0),
                Film = shown,
            });
        }
        return new(
            exercise.Number, results.Sum(result => result.Points), results.Sum(result => result.Of), findings, results,
            [.. printed.Select(Report.Clean)], noFilm, printedBy)
        {
            Seeds = seeds,
            FirstSeed = firstSeed,
            FilmEvents = isCut ? mostEvents : null,
        };
    }

    private static (Finding? Finding, IReadOnlyList<string> Printed) Try(
        Type driver, LabTask task, ulong firstSeed, int seeds)
    {
        IReadOnlyList<string> printed = [];
        for (ulong seed = firstSeed; seed < firstSeed + (ulong)seeds; seed++)
        {
            var (finding, lines) = TryOnce(driver, task, seed, null);
            if (seed == firstSeed || finding is not null) printed = lines;
            if (finding is not null) return (finding with { Seed = seed }, printed);
        }
        return (null, printed);
    }

    private static (Finding? Finding, IReadOnlyList<string> Printed) TryOnce(
        Type driver, LabTask task, ulong seed, Recorder? recorder)
    {
        using var trial = new Trial(driver, seed, recorder);
        try
        {
            task.Run(trial);
            trial.CheckRules();
            return (null, trial.Run.Printed);
        }
        catch (TrialFailedException failed)
        {
            return (failed.Finding, trial.Run.Printed);
        }
    }

    // The same run again, with a recorder. Its film, whether that ends before the run, or why there is none.
    private static (string? Film, bool IsCut, string? NoFilm) Show(
        Exercise exercise, Type driver, LabTask task, Finding finding, string film, int mostEvents)
    {
        var recorder = new Recorder(mostEvents);
        _ = TryOnce(driver, task, finding.Seed ?? 0, recorder);
        if (recorder.Events.Count == 0) return (null, false, null);
        try
        {
            if (Path.GetDirectoryName(film) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
            Film.Write(recorder, $"Exercise {exercise.Number}, {task.Title}, seed {finding.Seed}", film);
            return (film, recorder.LeftOut > 0, null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (null, false, Report.Clean(error.Message));
        }
    }

    private static string? SourceOf(string text, int line)
    {
        string[] lines = text.Split('\n');
        return line > 0 && line <= lines.Length ? Report.Clean(lines[line - 1].Trim()) : null;
    }
}
