namespace Ixy.Labs.Grader;

/// <summary>Exercise 5.</summary>
internal sealed class ForwardFrames : Exercise
{
    internal override int Number => 5;

    internal override string Title => "forward";

    internal override string File => "5-forward.cs";

    internal override Type Contract => typeof(IForwarder);

    internal override bool AllowsGiven => true;

    internal override IReadOnlyList<LabTask> Tasks { get; } = [
        new("forwards frames as they are, in order", 3, trial => new ForwardBench(trial).ForwardSlowly(5)),
        new("goes around both rings, again and again", 3, GoesAround),
        new("drops what a full ring has no room for, and nothing else", 2, trial => new ForwardBench(trial).FillRing()),
        new("loses no buffer", 2, LosesNoBuffer)];

    private static void GoesAround(Trial trial)
    {
        var bench = new ForwardBench(trial);
        bench.ForwardSlowly(bench.Laps(3));
    }

    private static void LosesNoBuffer(Trial trial)
    {
        var bench = new ForwardBench(trial);
        for (int i = 0; i < 4; i++) bench.FillRing();
        bench.ForwardSlowly(bench.Laps(2));
    }
}
