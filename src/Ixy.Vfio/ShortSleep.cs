using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// Sleeps of microseconds (nanosleep(2)). .NET's own sleeps count whole milliseconds, and less than one is a mere
/// yield.
/// </summary>
public static unsafe class ShortSleep
{
    /// <summary>
    /// Gives up the core for this time, less than a second, plus at most the kernel's timer slack (50 microseconds).
    /// </summary>
    /// <param name="time">Microseconds, below 1,000,000.</param>
    /// <exception cref="ArgumentOutOfRangeException">A second or more.</exception>
    public static void Microseconds(int time)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(time, 1_000_000);
        Libc.TimeSpec left = new() { Nanoseconds = time * 1000L };
        // A signal ends it early: sleep for the remaining time.
        while (Libc.nanosleep(&left, &left) < 0) { }
    }
}
