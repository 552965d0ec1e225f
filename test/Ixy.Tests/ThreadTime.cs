using System.Diagnostics;
using System.Globalization;

namespace Ixy.Tests;

/// <summary>The share of a core that a thread uses.</summary>
internal static class ThreadTime
{
    /// <summary>Runs an action. Returns the share of time for which this thread had a core, 0 to 1.</summary>
    internal static double Share(Action action)
    {
        long start = Stopwatch.GetTimestamp(), before = Nanoseconds();
        action();
        return (Nanoseconds() - before) / Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    // proc(5): time on a core, time in the run queue, timeslices.
    private static long Nanoseconds() =>
        long.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
}
