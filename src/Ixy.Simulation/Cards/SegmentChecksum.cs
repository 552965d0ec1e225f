using System.Buffers.Binary;

namespace Ixy.Simulation.Cards;

/// <summary>The result of checking a TCP, UDP or SCTP checksum.</summary>
internal enum SegmentChecksum
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>It is right.</summary>
    Right,

    /// <summary>It is wrong.</summary>
    Wrong,
}

/// <summary>Checks it.</summary>
internal static class SegmentChecksums
{
    internal const byte Tcp = 6, Udp = 17, Sctp = 132;

    private const int UdpLengthOffset = 4, UdpChecksumOffset = 6, SctpChecksumOffset = 8, IPv4AddressesLength = 8;

    /// <param name="segment">From the transport header, which is complete, to the end of the IP packet.</param>
    /// <param name="protocol">TCP, UDP or SCTP.</param>
    /// <param name="addresses">Source and destination address of the IP header, 8 bytes or 32.</param>
    internal static SegmentChecksum Check(ReadOnlySpan<byte> segment, byte protocol, ReadOnlySpan<byte> addresses)
    {
        if (protocol == Sctp)
            return Verdict(
                FrameSums.Sctp(segment) == BinaryPrimitives.ReadUInt32LittleEndian(segment[SctpChecksumOffset..]));
        if (protocol == Udp)
        {
            // A UDP checksum of zero in IPv4 means that the sender computed none.
            bool isIPv4 = addresses.Length == IPv4AddressesLength;
            if (isIPv4 && BinaryPrimitives.ReadUInt16LittleEndian(segment[UdpChecksumOffset..]) == 0)
                return SegmentChecksum.None;
            // The datagram's own length counts; no checksum covers what comes after it.
            int length = BinaryPrimitives.ReadUInt16BigEndian(segment[UdpLengthOffset..]);
            if (length >= 8 && length < segment.Length) segment = segment[..length];
        }
        ulong pseudo = (ulong)protocol << 8;
        pseudo += BinaryPrimitives.ReverseEndianness((ushort)segment.Length);
        pseudo += InternetChecksum.Sum(addresses);
        return Verdict(InternetChecksum.Sum(segment, pseudo) == 0xFFFF);
    }

    private static SegmentChecksum Verdict(bool isRight) => isRight ? SegmentChecksum.Right : SegmentChecksum.Wrong;
}
