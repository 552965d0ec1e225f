namespace Ixy;

/// <summary>The end of a wait, in whole milliseconds from now; never, for <see cref="Timeout.InfiniteTimeSpan"/>.</summary>
internal readonly struct Deadline
{
    private readonly long _end;

    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    internal Deadline(TimeSpan timeout)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(nameof(timeout), $"{timeout} is no time to wait: expected 0 or more, or Timeout.InfiniteTimeSpan");
        _end = timeout == Timeout.InfiniteTimeSpan ? long.MaxValue : Environment.TickCount64 + (long)timeout.TotalMilliseconds;
    }

    internal bool IsOver => Environment.TickCount64 >= _end;

    internal TimeSpan Left => _end == long.MaxValue
        ? Timeout.InfiniteTimeSpan
        : TimeSpan.FromMilliseconds(Math.Max(0, _end - Environment.TickCount64));
}
