using System.Diagnostics;
using Ixy.Simulation.Wires;

namespace Ixy.Vm.Tests.Traffic;

/// <summary>Load that a card's generator produces on demand, and what of it arrives at another card.</summary>
internal sealed class Pulses
{
    // An emulated machine on a busy host may stall for seconds.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15), s_silence = TimeSpan.FromMilliseconds(200);

    private readonly Wire _from, _to;
    private readonly int _frames;

    /// <summary>Waits until both generators send, as they do once a driver receives, and stops them.</summary>
    /// <param name="from">The wire whose generator sends.</param>
    /// <param name="to">The wire where the frames arrive.</param>
    /// <param name="frames">Minimum number of frames per pulse: well below what the ring holds, as a busy machine may
    /// stop the generator late.</param>
    internal Pulses(Wire from, Wire to, int frames)
    {
        (_from, _to, _frames) = (from, to, frames);
        foreach (var wire in (Wire[])[from, to])
        {
            Assert.True(SpinWait.SpinUntil(() => wire.Statistics.Sent > 0, s_patience), "a generator does not send");
            wire.StopSending();
        }
        // Until now, more may have come than an emulated machine can handle: that does not count.
        for (long before = -1; before != from.Statistics.Received + to.Statistics.Received;)
        {
            before = from.Statistics.Received + to.Statistics.Received;
            Thread.Sleep(s_silence);
        }
    }

    /// <summary>
    /// Sends one pulse and asserts that all of it arrives, in order and unchanged. Returns the rate in frames per
    /// second.
    /// </summary>
    internal double RunFaultless()
    {
        var (sent, arrived) = (Faults.Of(_from), Faults.Of(_to));
        long start = Stopwatch.GetTimestamp();
        _from.StartSending();
        while (_from.Statistics.Sent - sent.Sent < _frames) Thread.Sleep(1);
        _from.StopSending();
        var time = Stopwatch.GetElapsedTime(start);
        // The generator may still be sending one more.
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
