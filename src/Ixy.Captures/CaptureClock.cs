namespace Ixy.Captures;

/// <summary>
/// Timestamps for captures: nanoseconds since 1970, UTC. The system time is read once, when the clock is created; after
/// that it follows the monotonic clock. So timestamps never go back, and ignore later changes of the system time.
/// Thread-safe.
/// </summary>
/// <param name="time">The source of time; the machine's if null.</param>
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
