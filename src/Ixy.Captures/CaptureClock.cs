namespace Ixy.Captures;

/// <summary>
/// Times for captures: nanoseconds since 1970, UTC. The system's time is read once, when the clock is made; from then
/// on it runs with the monotonic clock. So times never go back, and do not follow when the system's time is set.
/// Thread-safe.
/// </summary>
/// <param name="time">Whose time; the machine's without.</param>
public sealed class CaptureClock(TimeProvider? time = null)
{
    private const long NanosecondsPerSecond = 1_000_000_000;
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly long _frequency = (time ?? TimeProvider.System).TimestampFrequency;
    private readonly long _start = Since1970(time ?? TimeProvider.System);
    private readonly long _startTicks = (time ?? TimeProvider.System).GetTimestamp();

    /// <summary>Nanoseconds since 1970, UTC.</summary>
    public long Now
    {
        get
        {
            long ticks = _time.GetTimestamp() - _startTicks;
            // On Linux a tick is a nanosecond.
            if (_frequency != NanosecondsPerSecond) ticks = (long)((Int128)ticks * NanosecondsPerSecond / _frequency);
            return _start + ticks;
        }
    }

    private static long Since1970(TimeProvider time) =>
        (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
}
