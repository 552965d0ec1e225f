namespace Ixy.Vfio;

/// <summary>
/// How many of this process's pinned threads each core has. They poll, so two of them on one core have to make way for
/// each other: the scheduler would let each run for milliseconds, and the other one's rings run over.
/// </summary>
internal static class CoreUse
{
    private static readonly int[] s_threads = new int[ThreadPlacement.MostCores];

    internal static void Enter(int core) => Interlocked.Increment(ref s_threads[core]);

    internal static void Leave(int core) => Interlocked.Decrement(ref s_threads[core]);

    internal static bool IsShared(int core) => Volatile.Read(ref s_threads[core]) > 1;
}
