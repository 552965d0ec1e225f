using Ixy.Vfio;

namespace Ixy.Virtio;

/// <summary>
/// A register of 16 bits that tells the device which queue has new buffers (4.1.5.2): one volatile store where the
/// transport gives a pointer, a call elsewhere.
/// </summary>
internal readonly unsafe struct VirtioDoorbell(PciBar bar, uint offset)
{
    private readonly ushort* _pointer = bar.TryGetPointer(offset, sizeof(ushort), out var found) ? (ushort*)found
        : null;

    /// <summary>Tells the device; everything stored before is visible to it first.</summary>
    internal void Ring(ushort queue)
    {
        // A release store, as in Doorbell.
        if (_pointer is not null) Volatile.Write(ref *_pointer, queue);
        else bar.Write16(offset, queue);
    }
}
