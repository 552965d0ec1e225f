using System.Buffers.Binary;
using Ixy.Simulation.Cards;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>Checks IPv4, TCP, UDP and SCTP checksums of received packets (datasheet 7.1.11).</summary>
internal static class ReceiveChecksums
{
    private const int UdpChecksumOffset = 6;

    /// <summary>The status and error bits for a packet with these headers (7.1.6.2).</summary>
    internal static uint Check(ReadOnlySpan<byte> frame, in PacketHeaders headers)
    {
        uint status = 0;
        if (headers.IPv4Start != 0)
        {
            var header = frame[headers.IPv4Start..];
            status = ReceiveDescriptor.IPChecksum;
            if (InternetChecksum.Sum(header[..((header[0] & 15) * 4)]) != 0xFFFF) status |= ReceiveDescriptor.IPError;
        }
        if (headers.Transport == 0 || !headers.HasPlainAddresses) return status;
        return status | CheckTransport(frame, headers);
    }

    /// <summary>
    /// The checksum of the IP payload without pseudo-header, for UDP in IPv4 fragments, which software sums over the
    /// fragments (7.1.11.3). In the high half; the IP identification is in the low half.
    /// </summary>
    internal static uint OfFragment(ReadOnlySpan<byte> frame, in PacketHeaders headers, ref uint status)
    {
        var header = frame[headers.IPv4Start..];
        if (headers.IPv4Start == 0 || !headers.IsFragment || headers.L4Start == 0 || header[9] != PacketHeaders.Udp)
            return 0;
        var payload = frame.Slice(headers.L4Start, headers.L4Length);
        // UDPV: the first fragment has a UDP header with a checksum.
        if (headers.IsFirstFragment && payload.Length >= 8
            && BinaryPrimitives.ReadUInt16BigEndian(payload[UdpChecksumOffset..]) != 0)
            status |= ReceiveDescriptor.UdpValid;
        ushort sum = BinaryPrimitives.ReverseEndianness((ushort)InternetChecksum.Sum(payload));
        return (uint)(ushort)~sum << 16 | BinaryPrimitives.ReadUInt16BigEndian(header[4..]);
    }

    private static uint CheckTransport(ReadOnlySpan<byte> frame, in PacketHeaders headers)
    {
        var segment = frame.Slice(headers.L4Start, headers.L4Length);
        var found = SegmentChecksums.Check(segment, headers.Transport, headers.Addresses(frame));
        if (found == SegmentChecksum.None) return 0;
        uint status = ReceiveDescriptor.L4Checksum;
        if (headers.Transport == PacketHeaders.Udp) status |= ReceiveDescriptor.UdpChecksum;
        return found == SegmentChecksum.Right ? status : status | ReceiveDescriptor.L4Error;
    }
}
