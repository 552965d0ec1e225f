using System.Diagnostics;

namespace Ixy.Captures;

/// <summary>
/// Times for captures: nanoseconds since 1970, UTC. The system's time is read once, when the clock is made; from then on it
/// runs with the monotonic clock. So times never go back, and do not follow when the system's time is set. Thread-safe.
/// </summary>
public sealed class CaptureClock
{
    private readonly long _start = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
    private readonly long _startTicks = Stopwatch.GetTimestamp();

    /// <summary>Nanoseconds since 1970, UTC.</summary>
    public long Now
    {
        get
        {
            long ticks = Stopwatch.GetTimestamp() - _startTicks;
            // On Linux a tick is a nanosecond.
            return _start + (Stopwatch.Frequency == 1_000_000_000 ? ticks : (long)((Int128)ticks * 1_000_000_000 / Stopwatch.Frequency));
        }
    }
}
