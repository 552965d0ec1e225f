namespace Ixy.Vfio;

/// <summary>
/// The part of every transport that is about time. It belongs to the function: whoever waits for the device, or
/// measures how long it takes, asks here, so that it is virtual time for a card of a simulated world and real time
/// everywhere else.
/// </summary>
public abstract partial class PciDevice
{
    private const long ShortestPause = 50 * TimeSpan.TicksPerMicrosecond, LongestPause = TimeSpan.TicksPerMillisecond;

    /// <summary>The function's clock; by default that of the machine. For any thread.</summary>
    public virtual TimeProvider Clock => TimeProvider.System;

    /// <summary>Returns when this much time has passed on <see cref="Clock"/>.</summary>
    public void Wait(TimeSpan time) => WaitUntil(() => false, time);

    /// <summary>
    /// Waits until the device has done something, and looks whether it has: every 50 microseconds at first, and every
    /// millisecond where it takes long. In real time a busy machine may look later.
    /// </summary>
    /// <param name="condition">Whether it has. Asked at least once, and once more when the time is over.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <returns>False if it has not within this time.</returns>
    public bool WaitUntil(Func<bool> condition, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(condition);
        long start = Clock.GetTimestamp();
        while (true)
        {
            // Before the look: on a busy machine it may take longer than the device may, and what it saw is old then.
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
    /// Lets time pass on the function's clock, for a caller who has nothing else to do. A clock that goes by itself, as
    /// real time does, is not waited for.
    /// </summary>
    /// <param name="longest">At most so much; less if the device interrupts before.</param>
    /// <returns>False if the clock goes by itself.</returns>
    public virtual bool TryPass(TimeSpan longest) => false;
}
