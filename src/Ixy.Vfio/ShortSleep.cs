using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// Sleeps of microseconds (nanosleep(2)). .NET's own count in whole milliseconds, and make less than one a mere yield.
/// </summary>
public static unsafe class ShortSleep
{
    /// <summary>
    /// Leaves the core for so long, under a second, and for the kernel's timer slack (50 microseconds) at most longer.
    /// </summary>
    /// <param name="time">Microseconds, below 1,000,000.</param>
    /// <exception cref="ArgumentOutOfRangeException">A second or more.</exception>
    public static void Microseconds(int time)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(time, 1_000_000);
        Libc.TimeSpec left = new() { Nanoseconds = time * 1000L };
        // A signal ends it early: what is left is still to be slept.
        while (Libc.nanosleep(&left, &left) < 0) { }
    }
}
