namespace Ixy;

/// <summary>
/// Holds a spin lock to the end of a block. A block copies some references only; and a contended Lock allocates.
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
