namespace Ixy.Vfio;

/// <summary>
/// Time, the same for every transport. It belongs to the function: code that waits for the device, or measures how long
/// it takes, uses this, so that it is virtual time for a card of a simulated world and real time everywhere else.
/// </summary>
public abstract partial class PciDevice
{
    private const long ShortestPause = 50 * TimeSpan.TicksPerMicrosecond, LongestPause = TimeSpan.TicksPerMillisecond;

    /// <summary>The function's clock; the machine's by default. For any thread.</summary>
    public virtual TimeProvider Clock { get; internal init; } = TimeProvider.System;

    /// <summary>Returns when this much time has passed on <see cref="Clock"/>.</summary>
    public void Wait(TimeSpan time) => WaitUntil(() => false, time);

    /// <summary>
    /// Waits until the device has done something, polling every 50 microseconds at first, and every millisecond if it
    /// takes long. In real time a busy machine may poll later.
    /// </summary>
    /// <param name="condition">Whether it has. Checked at least once, and once more when the time is up.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <returns>False if it has not within this time.</returns>
    public bool WaitUntil(Func<bool> condition, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(condition);
        long start = Clock.GetTimestamp();
        while (true)
        {
            // Before checking: on a busy machine that may take longer than the device may, and its result is then
            // stale.
            var passed = Clock.GetElapsedTime(start);
            if (condition()) return true;
            if (passed >= timeout) return false;
            long pause = Math.Clamp(passed.Ticks / 4, ShortestPause, LongestPause);
            var time = TimeSpan.FromTicks(Math.Min(pause, timeout.Ticks - passed.Ticks));
            // Less than a millisecond only yields the core.
            if (!TryPass(time)) Thread.Sleep(time);
        }
    }

    /// <summary>
    /// Lets time pass on the function's clock, for a caller that has nothing else to do. Does not wait for a clock that
    /// runs by itself, like real time.
    /// </summary>
    /// <param name="longest">The longest time to pass; less if the device interrupts before.</param>
    /// <returns>False if the clock runs by itself.</returns>
    public virtual bool TryPass(TimeSpan longest) => false;
}
