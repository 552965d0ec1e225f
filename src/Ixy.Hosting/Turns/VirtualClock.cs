namespace Ixy.Hosting.Turns;

/// <summary>
/// The clock of a virtual world. It starts in the year 2000, UTC, and moves only when the world advances. Its timers
/// fire on the thread that advances it, each at its time, before any turns at that time.
/// </summary>
internal sealed class VirtualClock : TimeProvider
{
    private const long TickLength = 100, Longest = long.MaxValue / 2;

    // Not zero: counters and loops use zero for "not yet".
    private const long Start = 1_000_000_000;
    private static readonly DateTimeOffset s_start = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _lock = new();
    private readonly List<VirtualTimer> _timers = [];
    private long _now = Start, _firesAt = long.MaxValue;

    /// <summary>Nanoseconds.</summary>
    internal long Now
    {
        get => Volatile.Read(ref _now);
        set => Volatile.Write(ref _now, value);
    }

    /// <summary>Nanoseconds since the world began.</summary>
    internal long Elapsed => Now - Start;

    /// <summary>When the next timer fires; never, if there is none.</summary>
    internal long FiresAt => Volatile.Read(ref _firesAt);

    /// <inheritdoc/>
    public override long TimestampFrequency => 1_000_000_000;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long GetTimestamp() => Now;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => s_start.AddTicks(Elapsed / TickLength);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>A time in nanoseconds, saturated if it has too many.</summary>
    internal static long Nanoseconds(TimeSpan time) =>
        time == Timeout.InfiniteTimeSpan || time.Ticks > Longest / TickLength ? Longest : time.Ticks * TickLength;

    /// <summary>
    /// Fires the timers that are due, in the order of their times; timers with the same time in the order they were
    /// set.
    /// </summary>
    internal void FireTimers()
    {
        while (FiresAt <= Now)
        {
            VirtualTimer next;
            lock (_lock)
            {
                if (_timers.Count == 0) return;
                next = _timers[0];
                foreach (var timer in _timers)
                {
                    if (timer.DueAt < next.DueAt) next = timer;
                }
                if (next.DueAt > Now) return;
                _timers.Remove(next);
                if (next.Period > 0) Set(next, next.DueAt + next.Period);
                FindNext();
            }
            next.Fire();
        }
    }

    private void Set(VirtualTimer timer, long dueAt)
    {
        timer.DueAt = dueAt;
        _timers.Add(timer);
    }

    private void FindNext() =>
        Volatile.Write(ref _firesAt, _timers.Count == 0 ? long.MaxValue : _timers.Min(timer => timer.DueAt));

    private sealed class VirtualTimer(VirtualClock clock, TimerCallback callback, object? state) : ITimer
    {
        private bool _isDisposed;

        internal long DueAt { get; set; }

        internal long Period { get; private set; }

        internal void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                if (_isDisposed) return false;
                clock._timers.Remove(this);
                Period = period == Timeout.InfiniteTimeSpan ? 0 : Nanoseconds(period);
                if (dueTime != Timeout.InfiniteTimeSpan) clock.Set(this, clock.Now + Nanoseconds(dueTime));
                clock.FindNext();
                return true;
            }
        }

        public void Dispose()
        {
            Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _isDisposed = true;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
