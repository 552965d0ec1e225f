namespace Ixy.Pools;

/// <summary>
/// Holds a spin lock until the end of a block. The blocks only copy a few references, and a contended Lock would
/// allocate.
/// </summary>
internal readonly ref struct SpinHold : IDisposable
{
    private readonly ref SpinLock _gate;

    internal SpinHold(ref SpinLock gate)
    {
        bool isHeld = false;
        gate.Enter(ref isHeld);
        _gate = ref gate;
    }

    public void Dispose() => _gate.Exit(useMemoryBarrier: false);
}
