using Ixy.Simulation.Cards;
using Ixy.Simulation.Ixgbe.Receive;

namespace Ixy.Simulation.Virtio;

/// <summary>Checks the TCP or UDP checksum of a whole frame.</summary>
internal static class FrameChecksum
{
    private const ushort VlanEtherType = 0x8100;

    internal static SegmentChecksum Check(ReadOnlySpan<byte> frame)
    {
        var headers = new PacketHeaders();
        headers.Parse(frame, VlanEtherType);
        if (headers.Transport == 0 || !headers.HasPlainAddresses) return SegmentChecksum.None;
        var segment = frame.Slice(headers.L4Start, headers.L4Length);
        return SegmentChecksums.Check(segment, headers.Transport, headers.Addresses(frame));
    }
}
