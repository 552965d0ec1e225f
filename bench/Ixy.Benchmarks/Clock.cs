using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Ixy.Benchmarks;

/// <summary>
/// The core's current frequency, from a chain of multiplications: each takes three cycles on every x86 core of the last
/// ten years, and none can begin before the previous one has ended. (rdtsc counts at its own rate.)
/// </summary>
internal static class Clock
{
    private const int Rounds = 40_000, PerRound = 8, CyclesEach = 3;

    /// <summary>Cycles per nanosecond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static double Frequency()
    {
        double best = 0;
        ulong value = 3;
        for (int attempt = 0; attempt < 3; attempt++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Rounds; i++)
            {
                value *= value;
                value *= value;
                value *= value;
                value *= value;
                value *= value;
                value *= value;
                value *= value;
                value *= value;
            }
            double nanoseconds = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
            best = Math.Max(best, Rounds * PerRound * (double)CyclesEach / nanoseconds);
        }
        // Used, so that it is computed.
        return value == 0 ? double.NaN : best;
    }
}
