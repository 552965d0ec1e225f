using Ixy.Simulation.Ixgbe.Receive;

namespace Ixy.Simulation.Virtio.Transmit;

/// <summary>A second look at the TCP or UDP checksum of a whole frame.</summary>
internal static class SegmentChecksum
{
    private const ushort VlanEtherType = 0x8100;

    /// <summary>There is one, and it is right.</summary>
    internal static bool IsRight(ReadOnlySpan<byte> frame) => (Check(frame) & (ReceiveDescriptor.L4Checksum | ReceiveDescriptor.L4Error)) == ReceiveDescriptor.L4Checksum;

    /// <summary>There is one, and it is wrong.</summary>
    internal static bool IsWrong(ReadOnlySpan<byte> frame) => (Check(frame) & ReceiveDescriptor.L4Error) != 0;

    private static uint Check(ReadOnlySpan<byte> frame)
    {
        var headers = new PacketHeaders();
        headers.Parse(frame, VlanEtherType);
        return ReceiveChecksums.Check(frame, headers);
    }
}
