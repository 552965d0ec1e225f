using System.Runtime.CompilerServices;
using Ixy.Vfio;

namespace Ixy;

/// <summary>A tail register: one volatile store where the transport gives a pointer, a call elsewhere.</summary>
internal readonly unsafe struct Doorbell
{
    private readonly uint* _pointer;
    private readonly PciBar _bar;
    private readonly uint _offset;

    internal Doorbell(PciBar bar, uint offset)
    {
        (_bar, _offset) = (bar, offset);
        if (bar.TryGetPointer(offset, sizeof(uint), out var pointer)) _pointer = (uint*)pointer;
    }

    /// <summary>Tells the device with a plain store; false, and nothing done, where that takes a call.</summary>
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
        if (!TryRing(value)) _bar.Write32(_offset, value);
    }
}
