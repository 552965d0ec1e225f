using System.Runtime.CompilerServices;

namespace Ixy.Addresses;

/// <summary>Behind an IOMMU, or in a model: the device uses the process's addresses.</summary>
internal readonly struct VirtualAddresses : IDeviceAddresses
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ulong buffer) => buffer & Packet.AddressMask;
}
