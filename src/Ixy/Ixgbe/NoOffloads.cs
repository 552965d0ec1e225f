using Ixy.Addresses;

namespace Ixy.Ixgbe;

/// <summary>
/// Converts a descriptor's status to the flags of a packet, in their place in its metadata. A type parameter of the
/// receive loop, like <see cref="IDeviceAddresses"/>: if no offload is on, it leaves no trace.
/// </summary>
internal interface IReceiveOffloads
{
    /// <summary>The requested flags of a received frame.</summary>
    static abstract ulong Report(ulong status, ulong buffer, ulong wanted);
}

/// <summary>No flags.</summary>
internal readonly struct NoOffloads : IReceiveOffloads
{
    public static ulong Report(ulong status, ulong buffer, ulong wanted) => 0;
}
