using System.Runtime.CompilerServices;
using Ixy.Vfio;

namespace Ixy;

/// <summary>
/// A register that tells the device of new descriptors, of 16 or 32 bits: one volatile store where the transport gives a
/// pointer, a call elsewhere.
/// </summary>
internal readonly unsafe struct Doorbell
{
    private readonly uint* _pointer;
    private readonly ushort* _shortPointer;
    private readonly PciBar _bar;
    private readonly uint _offset;
    private readonly int _size;

    internal Doorbell(PciBar bar, uint offset, int size = sizeof(uint))
    {
        (_bar, _offset, _size) = (bar, offset, size);
        bar.TryGetPointer(offset, size, out var pointer);
        if (size == sizeof(uint)) _pointer = (uint*)pointer;
        else _shortPointer = (ushort*)pointer;
    }

    /// <summary>Tells the device with a plain store of 32 bits; false, and nothing done, where it takes something else.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryRing(uint value)
    {
        if (_pointer is null) return false;
        // A release store: on x86 stores to a device stay behind earlier stores to memory.
        Volatile.Write(ref *_pointer, value);
        return true;
    }

    /// <summary>Tells the device; everything stored before is visible to it first.</summary>
    internal void Ring(uint value)
    {
        if (TryRing(value)) return;
        if (_shortPointer is not null) Volatile.Write(ref *_shortPointer, (ushort)value);
        else if (_size == sizeof(ushort)) _bar.Write16(_offset, (ushort)value);
        else _bar.Write32(_offset, value);
    }
}
