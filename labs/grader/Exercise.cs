namespace Ixy.Labs.Grader;

/// <summary>A part of an exercise with its own points.</summary>
/// <param name="Title">What the student has to do.</param>
/// <param name="Points">All or none.</param>
/// <param name="Run">Runs the student's driver; throws if it fails.</param>
internal sealed record LabTask(string Title, int Points, Action<Trial> Run);

/// <summary>An exercise, and how it is graded.</summary>
internal abstract class Exercise
{
    /// <summary>All exercises, in order.</summary>
    internal static IReadOnlyList<Exercise> All { get; } = [
        new FindCard(), new StartCard(), new ReceiveFrames(), new TransmitFrames(), new ForwardFrames(),
        new BatchFrames(), new SleepReceiver(), new VirtioRings()];

    internal abstract int Number { get; }

    /// <summary>Its topic in a few words.</summary>
    internal abstract string Title { get; }

    /// <summary>The name of its file, without the folder.</summary>
    internal abstract string File { get; }

    /// <summary>The interface that the student implements.</summary>
    internal abstract Type Contract { get; }

    /// <summary>The student may call <see cref="Given"/>.</summary>
    internal abstract bool AllowsGiven { get; }

    internal abstract IReadOnlyList<LabTask> Tasks { get; }
}
