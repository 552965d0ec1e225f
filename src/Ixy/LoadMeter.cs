using System.Runtime.CompilerServices;

namespace Ixy;

/// <summary>
/// Judges whether packets come so fast that polling is cheaper than sleeping. The rate is a moving average of five
/// windows, and the threshold is that of ixy in C; its windows are of a second, ours of a millisecond.
/// </summary>
internal struct LoadMeter(long frequency)
{
    internal const int PacketsPerMillisecond = 1_200, Windows = 5, Burst = 32;

    private readonly long _window = frequency / 1_000;

    private Rates _rates;
    private int _next;
    private double _sum;
    private long _lastLook, _windowPackets, _windowStart, _burstUntil;

    /// <summary>To be asked whenever the queues were found empty.</summary>
    /// <param name="now">In ticks, of which the frequency tells how many a second has.</param>
    /// <param name="packets">What the queues have received so far.</param>
    internal bool IsHigh(long now, long packets)
    {
        // As much as a full batch since they were last empty: more may follow at once.
        if (packets - _lastLook >= Burst) _burstUntil = now + _window;
        _lastLook = packets;
        if (now - _windowStart >= _window) EndWindow(now, packets);
        return now < _burstUntil || _sum > PacketsPerMillisecond * Windows;
    }

    private void EndWindow(long now, long packets)
    {
        double rate = (packets - _windowPackets) * (double)_window / (now - _windowStart);
        _sum += rate - _rates[_next];
        _rates[_next] = rate;
        _next = (_next + 1) % Windows;
        (_windowPackets, _windowStart) = (packets, now);
    }

    [InlineArray(Windows)]
    private struct Rates
    {
        private double _first;
    }
}
