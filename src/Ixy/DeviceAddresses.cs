using System.Runtime.CompilerServices;
using Ixy.Vfio;

namespace Ixy;

/// <summary>From a buffer's address in this process to the one the device uses: the same, or a table's (design D2).</summary>
internal readonly unsafe struct DeviceAddresses(PciDevice device)
{
    // Null where the device sees virtual addresses.
    private readonly ulong* _frames = device.DeviceAddressIsVirtual ? null : DmaArena.PhysicalFrames;
    private readonly ulong _base = DmaArena.Base;

    /// <summary>The device's address of a buffer reference (its pool number is cut off).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong Of(ulong buffer)
    {
        ulong address = buffer & Packet.AddressMask;
        return _frames is null ? address : _frames[(address - _base) >> 21] + (address & ((1 << 21) - 1));
    }
}
