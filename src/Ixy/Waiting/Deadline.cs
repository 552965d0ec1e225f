namespace Ixy.Waiting;

/// <summary>The end of a wait on a clock; it never ends for <see cref="Timeout.InfiniteTimeSpan"/>.</summary>
internal readonly struct Deadline
{
    private readonly TimeProvider _clock;
    private readonly TimeSpan _timeout;
    private readonly long _start;

    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    internal Deadline(TimeProvider clock, TimeSpan timeout)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(
                nameof(timeout), $"{timeout} is not a time to wait: expected 0 or more, or Timeout.InfiniteTimeSpan");
        (_clock, _timeout, _start) = (clock, timeout, clock.GetTimestamp());
    }

    internal bool IsOver => Left == TimeSpan.Zero;

    internal TimeSpan Left
    {
        get
        {
            if (_timeout == Timeout.InfiniteTimeSpan) return _timeout;
            var left = _timeout - _clock.GetElapsedTime(_start);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }
}
