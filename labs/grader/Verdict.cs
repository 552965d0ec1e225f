namespace Ixy.Labs.Grader;

/// <summary>Why points were not given.</summary>
/// <param name="Task">The task that failed; empty if the file could not be run.</param>
/// <param name="Message">What happened, in words.</param>
/// <param name="Rule">The rule of the card that was broken, by the name that the card gives it; null if none was.</param>
/// <param name="Section">Where the datasheet or the specification says it; null if it is not about them.</param>
/// <param name="Line">In the student's file; null if there is none to name.</param>
/// <param name="Source">That line.</param>
/// <param name="Seed">Of the run that failed; null if none did.</param>
/// <param name="Film">The page that shows that run; null if there is none.</param>
internal sealed record Finding(
    string Task, string Message, string? Rule = null, string? Section = null, int? Line = null, string? Source = null,
    ulong? Seed = null, string? Film = null);

/// <summary>How a task went.</summary>
internal sealed record TaskResult(string Title, int Points, int Of);

/// <summary>What the grader says of a file.</summary>
/// <param name="Exercise">1 to 8.</param>
/// <param name="Points">Given.</param>
/// <param name="Of">To be had.</param>
/// <param name="Findings">None with all points.</param>
/// <param name="Tasks">One by one.</param>
/// <param name="Printed">What the student's file has printed.</param>
/// <param name="NoFilm">Why the film of the run that failed could not be written; null if nothing went wrong.</param>
/// <param name="PrintedBy">The run that has printed it.</param>
internal sealed record Verdict(
    int Exercise, int Points, int Of, IReadOnlyList<Finding> Findings, IReadOnlyList<TaskResult> Tasks,
    IReadOnlyList<string> Printed, string? NoFilm = null, string? PrintedBy = null);
