namespace Ixy.Cli.Replay;

/// <summary>
/// Says which frame is due. Everything is computed from the start, so that a late frame delays no other, and errors do
/// not add up; lateness is made up for at once.
/// </summary>
/// <param name="speed">The speed.</param>
/// <param name="clock">The device's clock.</param>
internal sealed class ReplaySchedule(ReplaySpeed speed, TimeProvider clock)
{
    private const long NanosecondsPerSecond = 1_000_000_000;
    // 20,000 years, in seconds: a TimeSpan holds 29,000.
    private const double LongestWait = 20_000.0 * 365 * 86_400;
    private long _start;
    // In the schedule's unit: nanoseconds of the capture, packets, or bits on the wire.
    private Int128 _now, _sent;

    /// <summary>Reads the clock, which starts with the first call.</summary>
    internal void Look()
    {
        long ticks = clock.GetTimestamp();
        if (_start == 0) _start = ticks;
        var elapsed = (Int128)(ticks - _start) * NanosecondsPerSecond / clock.TimestampFrequency;
        LookAt((long)elapsed);
    }

    /// <summary>Like <see cref="Look"/>, at this many nanoseconds after the start.</summary>
    internal void LookAt(long elapsed) => _now = speed switch
    {
        { Factor: > 0 and double factor } => (Int128)(elapsed * factor),
        { Rate.IsMax: true } => Int128.MaxValue,
        { Rate.PerSecond: var perSecond } => (Int128)elapsed * perSecond / NanosecondsPerSecond,
    };

    /// <summary>Whether a frame with this time in the capture is due.</summary>
    internal bool IsDue(long time) => (speed.Factor > 0 ? time : _sent) <= _now;

    /// <summary>
    /// How long until a frame with this time is due; zero if it already is, or if times do not matter.
    /// </summary>
    internal TimeSpan Wait(long time) => speed.Factor > 0 && time > _now
        ? TimeSpan.FromSeconds(Math.Min(LongestWait, (double)(time - _now) / NanosecondsPerSecond / speed.Factor))
        : TimeSpan.Zero;

    /// <summary>A frame of this length is sent.</summary>
    internal void Count(int length) => _sent += speed.Rate.CountsBits ? PacketRate.BitsOnWire(length) : 1;
}
