using System.Numerics;
using Ixy.Vfio.Interop;
using Ixy.Vfio.Threads;

namespace Ixy.Vfio;

/// <summary>Which cores a thread may run on (sched_setaffinity(2)).</summary>
public static unsafe class ThreadPlacement
{
    /// <summary>Cores are numbered from 0, and this is the limit on the numbers supported here.</summary>
    internal const int MostCores = Words * 64;

    private const int Words = 16;

    /// <summary>The cores the calling thread may run on, lowest first.</summary>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    public static IReadOnlyList<int> AllowedCores()
    {
        ulong* mask = stackalloc ulong[Words];
        ReadMask(mask);
        var cores = new List<int>();
        for (int word = 0; word < Words; word++)
        {
            for (ulong bits = mask[word]; bits != 0; bits &= bits - 1)
                cores.Add(word * 64 + BitOperations.TrailingZeroCount(bits));
        }
        return cores;
    }

    /// <summary>Pins the calling thread, which must be a dedicated one, to a core.</summary>
    /// <exception cref="PciDeviceException">The core does not exist or is not allowed.</exception>
    public static void PinTo(int core)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(core);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(core, MostCores);
        if (!TryPinTo(core)) throw new PciDeviceException($"this thread cannot run on core {core}: {Libc.LastError()}");
    }

    /// <summary>
    /// Chooses cores for polling threads: from a NUMA node if one is given, as far as it has enough of them, and
    /// isolated ones (kernel parameter <c>isolcpus</c>) before others. A process confined to certain cores (taskset(1),
    /// cgroups) gets only those. If there are fewer cores than threads, threads share: see
    /// <see cref="PinnedWorker.GiveWay"/>. The result is always the same on the same machine: to get several cores, ask
    /// once for all of them.
    /// </summary>
    /// <param name="count">How many threads there are, one or more.</param>
    /// <param name="numaNode">The node of the device they drive (<see cref="PciDevice.NumaNode"/>); null for
    /// any.</param>
    /// <returns>A core for each thread.</returns>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    public static int[] ChooseCores(int count, int? numaNode = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return CoreChoice.Read(numaNode).Choose(count, CanRunOn);
    }

    /// <summary>Pins the calling thread to the first allowed core. Null, and no change, if there is only one.</summary>
    public static int? PinToFirstCore() => PinToOneOfSeveral(cores => cores[0]);

    /// <summary>Pins the calling thread to the last allowed core. Null, and no change, if there is only one.</summary>
    public static int? PinToLastCore() => PinToOneOfSeveral(cores => cores[^1]);

    // Only the kernel knows what control groups forbid, so this tries each core and then restores the thread's
    // affinity.
    internal static bool CanRunOn(int core)
    {
        ulong* mask = stackalloc ulong[Words];
        ReadMask(mask);
        bool can = TryPinTo(core);
        if (can && Libc.sched_setaffinity(0, Words * sizeof(ulong), mask) < 0)
            throw new PciDeviceException($"this thread cannot return to its cores: {Libc.LastError()}");
        return can;
    }

    private static bool TryPinTo(int core)
    {
        ulong* mask = stackalloc ulong[Words];
        new Span<ulong>(mask, Words).Clear();
        mask[core / 64] = 1UL << (core % 64);
        return Libc.sched_setaffinity(0, Words * sizeof(ulong), mask) >= 0;
    }

    private static void ReadMask(ulong* mask)
    {
        new Span<ulong>(mask, Words).Clear();
        if (Libc.sched_getaffinity(0, Words * sizeof(ulong), mask) < 0)
            throw new PciDeviceException($"sched_getaffinity: {Libc.LastError()}");
    }

    private static int? PinToOneOfSeveral(Func<IReadOnlyList<int>, int> choose)
    {
        var cores = AllowedCores();
        if (cores.Count < 2) return null;
        int core = choose(cores);
        PinTo(core);
        return core;
    }
}
