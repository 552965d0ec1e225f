using Ixy.Simulation.Wires;

namespace Ixy.Simulation.Tests.Wires;

public sealed class SequenceTrackerTests
{
    [Fact]
    public void EveryNumberIsJudgedAsIfAllWereRemembered() => Property.Holds<int[]>(steps =>
    {
        var tracker = new SequenceTracker();
        var seen = new HashSet<ulong>();
        ulong next = 0;
        foreach (int step in steps)
        {
            ulong number = Jump(next, step);
            Assert.Equal(Expected(seen, next, number), tracker.Add(number));
            seen.Add(number);
            next = Math.Max(next, number + 1);
        }
    }, tests: 1000);

    [Fact]
    public void TheWindowEndsWhereItSays()
    {
        var tracker = new SequenceTracker();
        Assert.Equal(Arrival.InOrder, tracker.Add(SequenceTracker.Window));
        Assert.Equal(Arrival.TooLate, tracker.Add(0));
        Assert.Equal(Arrival.Reordered, tracker.Add(1));
        Assert.Equal(Arrival.Duplicated, tracker.Add(1));
        Assert.Equal(Arrival.InOrder, tracker.Add(SequenceTracker.Window + 1));
        Assert.Equal(Arrival.TooLate, tracker.Add(1));
    }

    [Fact]
    public void AGapForgetsWhatWasSeenAWindowBefore()
    {
        var tracker = new SequenceTracker();
        for (ulong number = 0; number < SequenceTracker.Window; number++)
            Assert.Equal(Arrival.InOrder, tracker.Add(number));
        Assert.Equal(Arrival.InOrder, tracker.Add(SequenceTracker.Window + 1000));
        for (ulong number = SequenceTracker.Window; number < SequenceTracker.Window + 1000; number++)
            Assert.Equal(Arrival.Reordered, tracker.Add(number));
        Assert.Equal(Arrival.Duplicated, tracker.Add(1001));
    }

    // Usually the next one or near it; sometimes far ahead, or far back.
    private static ulong Jump(ulong next, int step) => (step % 8) switch
    {
        0 => next + (ulong)Math.Abs(step) * 1_500,
        1 or 2 => next + (ulong)step,
        -1 or -2 => next - Math.Min(next, (ulong)-step),
        -3 => next - Math.Min(next, (ulong)-step * 1_500),
        _ => next,
    };

    private static Arrival Expected(HashSet<ulong> seen, ulong next, ulong number)
    {
        if (number >= next) return Arrival.InOrder;
        if (next - number > SequenceTracker.Window) return Arrival.TooLate;
        return seen.Contains(number) ? Arrival.Duplicated : Arrival.Reordered;
    }
}
