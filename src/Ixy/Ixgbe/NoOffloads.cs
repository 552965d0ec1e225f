using System.Runtime.CompilerServices;

namespace Ixy.Ixgbe;

/// <summary>
/// From a descriptor's status to the flags of a packet, where they stand in its metadata. A type parameter of the
/// receive loop, like <see cref="IDeviceAddresses"/>: where no offload is on, there is no trace of it.
/// </summary>
internal interface IReceiveOffloads
{
    /// <summary>The flags of a received frame, as far as they are wanted.</summary>
    static abstract ulong Report(ulong status, ulong buffer, ulong wanted);

    /// <summary>What can be reported with these options.</summary>
    static abstract ulong ReportedBy(NetworkDeviceOptions options);
}

/// <summary>No flags.</summary>
internal readonly struct NoOffloads : IReceiveOffloads
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Report(ulong status, ulong buffer, ulong wanted) => 0;

    public static ulong ReportedBy(NetworkDeviceOptions options) => 0;
}
