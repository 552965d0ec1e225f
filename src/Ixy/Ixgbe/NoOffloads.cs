using System.Runtime.CompilerServices;

namespace Ixy.Ixgbe;

/// <summary>
/// From a descriptor's status to the flags of a packet. A type parameter of the receive loop, like
/// <see cref="IDeviceAddresses"/>: where no offload is on, there is no trace of it.
/// </summary>
internal interface IReceiveOffloads
{
    /// <summary>The flags, where they stand in a packet's metadata; of those that are wanted.</summary>
    static abstract ulong Report(ulong status, ulong buffer, PacketFlags wanted);

    /// <summary>What can be reported if these are on.</summary>
    static abstract PacketFlags FlagsOf(Offloads offloads);
}

/// <summary>Nobody wants to know.</summary>
internal readonly struct NoOffloads : IReceiveOffloads
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Report(ulong status, ulong buffer, PacketFlags wanted) => 0;

    public static PacketFlags FlagsOf(Offloads offloads) => 0;
}
