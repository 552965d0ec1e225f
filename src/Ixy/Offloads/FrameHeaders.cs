using System.Buffers.Binary;

namespace Ixy;

/// <summary>
/// Where the headers of a frame are: Ethernet with VLAN tags, IPv4 with options or IPv6 with extension headers, TCP or
/// UDP. Filled by <see cref="Read"/>.
/// </summary>
internal struct FrameHeaders
{
    internal const byte Tcp = 6, Udp = 17;

    private const ushort EtherTypeIPv4 = 0x0800, EtherTypeIPv6 = 0x86DD, CustomerTag = 0x8100, ServiceTag = 0x88A8;
    private const byte HopByHop = 0, Routing = 43, Fragment = 44, DestinationOptions = 60;
    private const int MostTags = 2, IPv4Least = 20, IPv6Length = 40, IpChecksumOffset = 10;
    private const string IsFragment = "it is a fragment, and the checksum is over the whole packet";
    private const string TooShortFor = "it has {0} bytes: expected at least {1} for ";

    // Where the IP packet ends, according to its own header.
    private int _end;

    /// <summary>Bytes in front of the IP header.</summary>
    internal int MacLength { get; private set; }

    /// <summary>Bytes of the IP header with its options or the extension headers after it.</summary>
    internal int IpLength { get; private set; }

    internal bool IsIPv4 { get; private set; }

    /// <summary><see cref="Tcp"/> or <see cref="Udp"/>, if requested.</summary>
    internal byte Protocol { get; private set; }

    /// <summary>Bytes of the TCP segment or UDP datagram, including its header.</summary>
    internal int SegmentLength { get; private set; }

    internal readonly int SegmentStart => MacLength + IpLength;

    /// <summary>Offset of the checksum in the TCP or UDP header.</summary>
    internal readonly int ChecksumOffset => Protocol == Udp ? InternetChecksum.UdpOffset : 16;

    /// <summary>
    /// Reads the headers as far as needed: the IP header, and the next one if <paramref name="withTransport"/>.
    /// </summary>
    /// <returns>Why a checksum is not possible, if it is not.</returns>
    internal TransmitRefusal Read(ReadOnlySpan<byte> frame, bool withTransport, int longestIpHeader = int.MaxValue)
    {
        var problem = ReadMac(frame, out ushort type);
        if (problem.IsRefused) return problem;
        byte next;
        if (type == EtherTypeIPv4) problem = ReadIPv4(frame, withTransport, out next);
        else if (type == EtherTypeIPv6) problem = ReadIPv6(frame, out next);
        else return Refuse(
            "its EtherType is {0:x4}: expected 0800 (IPv4) or 86dd (IPv6) behind at most {1} VLAN tags", type,
            MostTags);
        if (!problem.IsRefused && withTransport) problem = ReadTransport(frame, next);
        if (problem.IsRefused || IpLength <= longestIpHeader) return problem;
        return Refuse(
            "it has an IP header of {0} bytes: the card computes checksums behind at most {1}", IpLength,
            longestIpHeader);
    }

    /// <summary>
    /// The sum over the pseudo-header, which the checksum also covers (RFC 9293, 3.1; RFC 8200, 8.1), in memory byte
    /// order.
    /// </summary>
    internal readonly uint SumPseudoHeader(ReadOnlySpan<byte> frame)
    {
        var addresses = IsIPv4 ? frame.Slice(MacLength + 12, 8) : frame.Slice(MacLength + 8, 32);
        uint lengthAndProtocol = BinaryPrimitives.ReverseEndianness((ushort)SegmentLength) + ((uint)Protocol << 8);
        return InternetChecksum.Sum(addresses, lengthAndProtocol);
    }

    /// <summary>
    /// Writes the pseudo-header's sum into the checksum field, where devices expect it; or, if
    /// <paramref name="complete"/>, the finished checksum.
    /// </summary>
    internal readonly void StartSegmentChecksum(Span<byte> frame, bool complete)
    {
        var segment = frame.Slice(SegmentStart, SegmentLength);
        BinaryPrimitives.WriteUInt16LittleEndian(segment[ChecksumOffset..], (ushort)SumPseudoHeader(frame));
        if (complete) InternetChecksum.Complete(segment, ChecksumOffset);
    }

    /// <summary>Sets the IPv4 header's checksum to zero, as devices expect.</summary>
    internal readonly void ClearIpChecksum(Span<byte> frame) => frame.Slice(MacLength + IpChecksumOffset, 2).Clear();

    /// <summary>Computes the IPv4 header's checksum, which is zero now.</summary>
    internal readonly void WriteIpChecksum(Span<byte> frame)
    {
        var header = frame.Slice(MacLength, IpLength);
        BinaryPrimitives.WriteUInt16LittleEndian(
            header[IpChecksumOffset..], InternetChecksum.Finish(InternetChecksum.Sum(header)));
    }

    private TransmitRefusal ReadMac(ReadOnlySpan<byte> frame, out ushort type)
    {
        (MacLength, type) = (FrameLengths.Shortest, 0);
        for (int tags = 0; ; tags++, MacLength += FrameLengths.Tag)
        {
            if (EndsBefore(frame, MacLength, TooShortFor + "the Ethernet header") is { IsRefused: true } tooShort)
                return tooShort;
            type = Word(frame, MacLength - 2);
            if (type is not (CustomerTag or ServiceTag) || tags == MostTags) return default;
        }
    }

    private TransmitRefusal ReadIPv4(ReadOnlySpan<byte> frame, bool withTransport, out byte protocol)
    {
        (IsIPv4, protocol) = (true, 0);
        if (EndsBefore(frame, MacLength + IPv4Least, TooShortFor + "an IPv4 header") is { IsRefused: true } tooShort)
            return tooShort;
        var header = frame[MacLength..];
        IpLength = (header[0] & 15) * 4;
        if (header[0] >> 4 != 4 || IpLength < IPv4Least)
            return Refuse("its IPv4 header begins with {0:x2}: expected 45 to 4f", header[0]);
        protocol = header[9];
        _end = MacLength + Word(header, 2);
        bool isFragment = (Word(header, 6) & 0x3FFF) != 0;
        return withTransport && isFragment ? Refuse(IsFragment)
            : EndsBefore(frame, SegmentStart, TooShortFor + "the options of the IPv4 header");
    }

    private TransmitRefusal ReadIPv6(ReadOnlySpan<byte> frame, out byte next)
    {
        (IpLength, next) = (IPv6Length, 0);
        if (EndsBefore(frame, SegmentStart, TooShortFor + "an IPv6 header") is { IsRefused: true } tooShort)
            return tooShort;
        var header = frame[MacLength..];
        if (header[0] >> 4 != 6) return Refuse("its IPv6 header begins with {0:x2}: expected 6x", header[0]);
        next = header[6];
        _end = SegmentStart + Word(header, 4);
        while (next is HopByHop or Routing or Fragment or DestinationOptions)
        {
            if (EndsBefore(
                frame, SegmentStart + 8,
                TooShortFor + "an IPv6 extension header") is { IsRefused: true } noExtension) return noExtension;
            var extension = frame[SegmentStart..];
            if (FindObstacle(next, extension) is { IsRefused: true } obstacle) return obstacle;
            IpLength += next == Fragment ? 8 : 8 + 8 * extension[1];
            next = extension[0];
        }
        return default;
    }

    // The pseudo-header covers both end addresses, and these headers put one of them elsewhere (RFC 8200, 8.1; RFC
    // 6275, 6.3).
    private static TransmitRefusal FindObstacle(byte kind, ReadOnlySpan<byte> extension) => kind switch
    {
        Fragment when (Word(extension, 2) & 0xFFF9) != 0 => Refuse(IsFragment),
        Routing when extension[3] != 0 =>
        Refuse("it has a routing header with segments left, so its IPv6 header does not name the final destination"),
        DestinationOptions when IPv6Options.HaveHomeAddress(extension) =>
        Refuse("it has a home address option, so its IPv6 header does not name the source"),
        _ => default,
    };

    private TransmitRefusal ReadTransport(ReadOnlySpan<byte> frame, byte protocol)
    {
        Protocol = protocol;
        if (protocol is not (Tcp or Udp))
            return Refuse("its IP protocol is {0}: expected {1} (TCP) or {2} (UDP)", protocol, Tcp, Udp);
        if (EndsBefore(frame, _end, TooShortFor + "the IP packet, by its header") is { IsRefused: true } tooShort)
            return tooShort;
        int least = protocol == Tcp ? 20 : 8, room = _end - SegmentStart;
        if (room < least)
            return Refuse("its IP packet has {0} bytes behind the headers: expected at least {1}", room, least);
        SegmentLength = protocol == Tcp ? room : Word(frame, SegmentStart + 4);
        return SegmentLength >= least && SegmentLength <= room ? default
            : Refuse("its UDP header says {0} bytes: expected {1} to {2}", SegmentLength, least, room);
    }

    private static TransmitRefusal EndsBefore(ReadOnlySpan<byte> frame, int length, string format) =>
        frame.Length >= length ? default : Refuse(format, frame.Length, length);

    private static TransmitRefusal Refuse(string format, int found = 0, int expected = 0, int more = 0) =>
        new(TransmitRefusalReason.UnsuitableHeaders, format, found, expected, more);

    private static ushort Word(ReadOnlySpan<byte> bytes, int offset) =>
        BinaryPrimitives.ReadUInt16BigEndian(bytes[offset..]);
}
