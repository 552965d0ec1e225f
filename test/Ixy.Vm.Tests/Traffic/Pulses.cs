using System.Diagnostics;
using Ixy.Simulation.Wires;

namespace Ixy.Vm.Tests.Traffic;

/// <summary>A load that a card's generator makes when told to, and what arrives of it at another card's.</summary>
internal sealed class Pulses
{
    // An emulated machine on a busy host may well stand still for seconds.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15), s_silence = TimeSpan.FromMilliseconds(200);

    private readonly Wire _from, _to;
    private readonly int _frames;

    /// <summary>Waits until both generators send, as they do when a driver receives, and silences them.</summary>
    /// <param name="from">The wire whose generator is to send.</param>
    /// <param name="to">The wire at which that arrives.</param>
    /// <param name="frames">
    /// How many frames a pulse has at least: well below what the ring holds, as the clock of a busy machine cannot stop
    /// the generator on the spot.
    /// </param>
    internal Pulses(Wire from, Wire to, int frames)
    {
        (_from, _to, _frames) = (from, to, frames);
        foreach (var wire in (Wire[])[from, to])
        {
            Assert.True(SpinWait.SpinUntil(() => wire.Statistics.Sent > 0, s_patience), "a generator does not send");
            wire.StopSending();
        }
        // More than an emulated machine could do may have come until now: that is not to be judged.
        for (long before = -1; before != from.Statistics.Received + to.Statistics.Received;)
        {
            before = from.Statistics.Received + to.Statistics.Received;
            Thread.Sleep(s_silence);
        }
    }

    /// <summary>
    /// One pulse; asserts that all of it arrives, in order and unchanged. How many frames a second were sent.
    /// </summary>
    internal double RunFaultless()
    {
        var (sent, arrived) = (Faults.Of(_from), Faults.Of(_to));
        long start = Stopwatch.GetTimestamp();
        _from.StartSending();
        while (_from.Statistics.Sent - sent.Sent < _frames) Thread.Sleep(1);
        _from.StopSending();
        var time = Stopwatch.GetElapsedTime(start);
        // The generator may be just sending one more.
        Thread.Sleep(1);
        long count = _from.Statistics.Sent - sent.Sent;
        SpinWait.SpinUntil(() => _to.Statistics.Received - arrived.Received >= count, s_patience);
        Thread.Sleep(s_silence);
        Assert.Equal(sent with { Sent = sent.Sent + count }, Faults.Of(_from));
        Assert.Equal(arrived with { Received = arrived.Received + count }, Faults.Of(_to));
        return count / time.TotalSeconds;
    }

    private readonly record struct Faults(
        long Sent, long Received, long Lost, long Reordered, long Duplicated, long Corrupted, long Foreign)
    {
        internal static Faults Of(Wire wire)
        {
            var counted = wire.Statistics;
            return new(counted.Sent, counted.Received, counted.Lost, counted.Reordered, counted.Duplicated,
                counted.Corrupted, counted.Foreign);
        }
    }
}
