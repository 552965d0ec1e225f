using System.Numerics;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>Which cores a thread may run on (sched_setaffinity(2)).</summary>
public static unsafe class ThreadPlacement
{
    private const int Words = 16; // 1,024 cores

    /// <summary>The cores the calling thread may run on, lowest first.</summary>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    public static IReadOnlyList<int> AllowedCores()
    {
        ulong* mask = stackalloc ulong[Words];
        new Span<ulong>(mask, Words).Clear();
        if (Libc.sched_getaffinity(0, Words * sizeof(ulong), mask) < 0)
            throw new PciDeviceException($"sched_getaffinity: {Libc.LastError()}");
        var cores = new List<int>();
        for (int word = 0; word < Words; word++)
        {
            for (ulong bits = mask[word]; bits != 0; bits &= bits - 1)
                cores.Add(word * 64 + BitOperations.TrailingZeroCount(bits));
        }
        return cores;
    }

    /// <summary>Ties the calling thread, which must be a dedicated one, to a core.</summary>
    /// <exception cref="PciDeviceException">The core does not exist or is not allowed.</exception>
    public static void PinTo(int core)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(core);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(core, Words * 64);
        ulong* mask = stackalloc ulong[Words];
        new Span<ulong>(mask, Words).Clear();
        mask[core / 64] = 1UL << (core % 64);
        if (Libc.sched_setaffinity(0, Words * sizeof(ulong), mask) < 0)
            throw new PciDeviceException($"this thread cannot run on core {core}: {Libc.LastError()}");
    }

    /// <summary>Ties the calling thread to the first allowed core. Null, and no change, if there is only one.</summary>
    public static int? PinToFirstCore() => PinToOneOfSeveral(cores => cores[0]);

    /// <summary>Ties the calling thread to the last allowed core. Null, and no change, if there is only one.</summary>
    public static int? PinToLastCore() => PinToOneOfSeveral(cores => cores[^1]);

    private static int? PinToOneOfSeveral(Func<IReadOnlyList<int>, int> choose)
    {
        var cores = AllowedCores();
        if (cores.Count < 2) return null;
        int core = choose(cores);
        PinTo(core);
        return core;
    }
}
