namespace Ixy.Vfio;

/// <summary>
/// How many of this process's pinned threads each core has. They poll, so two of them on one core must yield to each
/// other: the scheduler would let each run for milliseconds, and the other one's rings would overflow. A
/// <see cref="PinnedWorker"/> enters and leaves by itself. Thread-safe.
/// </summary>
public static class CoreUse
{
    private static readonly int[] s_threads = new int[ThreadPlacement.MostCores];

    /// <summary>A thread that is pinned to a core starts polling there.</summary>
    /// <param name="core">The core's number.</param>
    public static void Enter(int core) => Interlocked.Increment(ref s_threads[core]);

    /// <summary>A thread that has entered stops polling.</summary>
    /// <param name="core">The core's number.</param>
    public static void Leave(int core) => Interlocked.Decrement(ref s_threads[core]);

    /// <summary>
    /// More than one thread polls on a core, so each must yield now and then. As cheap as reading a variable.
    /// </summary>
    /// <param name="core">The core's number.</param>
    public static bool IsShared(int core) => Volatile.Read(ref s_threads[core]) > 1;
}
