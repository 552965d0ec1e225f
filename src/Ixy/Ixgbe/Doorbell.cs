using System.Runtime.CompilerServices;
using Ixy.Vfio;

namespace Ixy.Ixgbe;

/// <summary>
/// A 32-bit register that notifies the device of new descriptors: one volatile store if the transport gives a pointer,
/// a call otherwise.
/// </summary>
internal readonly unsafe struct Doorbell(PciBar bar, uint offset)
{
    /// <summary>Null if the transport gives none.</summary>
    internal readonly uint* Pointer = bar.TryGetPointer(offset, sizeof(uint), out var found) ? (uint*)found : null;

    /// <summary>Notifies the device with a plain store; false, and nothing done, if it takes a call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryRing(uint value)
    {
        if (Pointer is null) return false;
        // A release store: on x86 stores to a device stay behind earlier stores to memory.
        Volatile.Write(ref *Pointer, value);
        return true;
    }

    /// <summary>Notifies the device; everything stored before is visible to it first.</summary>
    internal void Ring(uint value)
    {
        if (!TryRing(value)) bar.Write32(offset, value);
    }
}
