using System.Runtime.CompilerServices;

namespace Ixy.Waiting;

/// <summary>
/// Decides whether packets arrive so fast that polling is cheaper than sleeping. The rate is a moving average of five
/// windows, with the threshold of ixy in C; the windows there are a second, here a millisecond.
/// </summary>
internal struct LoadMeter(long frequency)
{
    internal const int PacketsPerMillisecond = 1_200, Windows = 5, Burst = 32;

    private readonly long _window = frequency / 1_000;

    private Rates _rates;
    private int _next;
    private double _sum;
    private long _lastLook, _windowPackets, _windowStart, _burstUntil;

    /// <summary>Call this whenever the queues were found empty.</summary>
    /// <param name="now">In ticks of the given frequency.</param>
    /// <param name="packets">Packets the queues have received so far.</param>
    internal bool IsHigh(long now, long packets)
    {
        // A full batch or more since they were last empty: more may follow at once.
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
