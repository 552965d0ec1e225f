using Ixy.Vfio;

namespace Ixy.Virtio;

/// <summary>
/// A 16-bit register that tells the device which queue has new buffers (4.1.5.2): one volatile store if the transport
/// gives a pointer, a call otherwise.
/// </summary>
internal readonly unsafe struct VirtioDoorbell(PciBar bar, uint offset)
{
    private readonly ushort* _pointer = bar.TryGetPointer(offset, sizeof(ushort), out var found) ? (ushort*)found
        : null;

    /// <summary>Notifies the device; everything stored before is visible to it first.</summary>
    internal void Ring(ushort queue)
    {
        // A release store, as in Doorbell.
        if (_pointer is not null) Volatile.Write(ref *_pointer, queue);
        else bar.Write16(offset, queue);
    }
}
