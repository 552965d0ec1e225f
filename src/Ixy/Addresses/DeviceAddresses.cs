using System.Runtime.CompilerServices;
using Ixy.Vfio;

namespace Ixy.Addresses;

/// <summary>
/// Converts a buffer's address in this process to the one the device uses (design D2). A type parameter of the hot
/// loops, so that each kind of device has its own compiled loop and the common one pays nothing.
/// </summary>
internal interface IDeviceAddresses
{
    /// <summary>The device's address of a buffer reference (its pool number is removed).</summary>
    static abstract ulong Of(ulong buffer);
}

/// <summary>Without an IOMMU: physical addresses, from the arena's table of 2 MiB frames.</summary>
internal readonly struct PhysicalAddresses : IDeviceAddresses
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ulong buffer) => DmaArena.PhysicalAddress((nuint)(buffer & Packet.AddressMask));
}
