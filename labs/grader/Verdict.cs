namespace Ixy.Labs.Grader;

/// <summary>Why points were not given.</summary>
/// <param name="Task">The task that failed; empty if the file could not be run.</param>
/// <param name="Message">What happened, in words.</param>
/// <param name="Rule">The card's rule that was broken, by the card's name for it; null if none was.</param>
/// <param name="Section">Where the datasheet or the specification says so; null if it is not about them.</param>
/// <param name="Line">Line in the student's file; null if there is none.</param>
/// <param name="Source">The text of that line.</param>
/// <param name="Seed">Seed of the failed run; null if none failed.</param>
/// <param name="Film">The page with a film of that run; null if there is none.</param>
internal sealed record Finding(
    string Task, string Message, string? Rule = null, string? Section = null, int? Line = null, string? Source = null,
    ulong? Seed = null, string? Film = null);

/// <summary>The result of a task.</summary>
internal sealed record TaskResult(string Title, int Points, int Of);

/// <summary>The grader's verdict on a file.</summary>
/// <param name="Exercise">1 to 8.</param>
/// <param name="Points">Points given.</param>
/// <param name="Of">Points possible.</param>
/// <param name="Findings">Empty if all points were given.</param>
/// <param name="Tasks">One by one.</param>
/// <param name="Printed">Output of the student's file.</param>
/// <param name="NoFilm">Why the film of the failed run could not be written; null if nothing went wrong.</param>
/// <param name="PrintedBy">The run that printed it.</param>
internal sealed record Verdict(
    int Exercise, int Points, int Of, IReadOnlyList<Finding> Findings, IReadOnlyList<TaskResult> Tasks,
    IReadOnlyList<string> Printed, string? NoFilm = null, string? PrintedBy = null)
{
    /// <summary>Runs of each task.</summary>
    public int Seeds { get; init; }

    /// <summary>The seed of the first one; the others follow.</summary>
    public int FirstSeed { get; init; }

    /// <summary>The film has so many events and ends with them, before the failure; null if it shows all.</summary>
    public int? FilmEvents { get; init; }
}
