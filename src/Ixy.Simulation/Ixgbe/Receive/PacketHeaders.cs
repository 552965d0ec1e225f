using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Ixy.Simulation.Cards;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>
/// The headers of a frame, as far as the card parses them: MAC with 802.1Q tag or SNAP, IPv4, IPv6 with extensions,
/// IPv6 in IPv4, TCP, UDP, SCTP (datasheet 7.1.6.2 for packet types, 7.1.11 for what is checked).
/// </summary>
internal struct PacketHeaders
{
    internal const ushort EtherTypeIPv4 = 0x0800, EtherTypeIPv6 = 0x86DD, EtherTypeMacControl = 0x8808,
        FirstEtherType = 0x0600;
    internal const byte Tcp = SegmentChecksums.Tcp, Udp = SegmentChecksums.Udp, Sctp = SegmentChecksums.Sctp;

    private const byte HopByHop = 0, IPv6InIPv4 = 41, Routing = 43, Fragment = 44, Esp = 50, Authentication = 51,
        DestinationOptions = 60;
    private const int MacLength = 14, TagLength = 4, SnapLength = 8, IPv4Addresses = 12, IPv6Addresses = 8;

    /// <summary>Bits of <see cref="PacketType"/>.</summary>
    internal uint Type;

    /// <summary>EtherType after tag and SNAP header, in host order.</summary>
    internal ushort EtherType;

    internal ushort VlanTag;

    internal bool HasVlanTag;

    /// <summary>Not a whole IP packet; the first fragment has the transport header.</summary>
    internal bool IsFragment, IsFirstFragment;

    /// <summary>TCP, UDP or SCTP if the header can be read and the packet is not a fragment; otherwise 0.</summary>
    internal byte Transport;

    /// <summary>
    /// The transport checksum can be checked: the addresses in the IP header are the final ones (7.1.11).
    /// </summary>
    internal bool HasPlainAddresses;

    /// <summary>Start of the outer IPv4 header; 0 if there is none.</summary>
    internal int IPv4Start;

    /// <summary>
    /// Start of the (inner) IP header, of its payload, and of what follows the transport header; 0 if absent.
    /// </summary>
    internal int L3Start, L4Start, L4End;

    /// <summary>Bytes from <see cref="L4Start"/> to the end of the IP packet.</summary>
    internal int L4Length;

    internal readonly bool IsIPv4 => L3Start != 0 && L3Start == IPv4Start;

    internal readonly bool IsIPv6 => L3Start != 0 && L3Start != IPv4Start;

    /// <summary>Parses the headers of a frame of at least 14 bytes.</summary>
    internal void Parse(ReadOnlySpan<byte> frame, ushort vlanEtherType)
    {
        EtherType = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        int start = MacLength;
        if (EtherType == EtherTypeIPv4)
        {
            ParseIPv4(frame, start);
            return;
        }
        if (EtherType == vlanEtherType && frame.Length >= MacLength + TagLength)
        {
            HasVlanTag = true;
            VlanTag = BinaryPrimitives.ReadUInt16BigEndian(frame[14..]);
            EtherType = BinaryPrimitives.ReadUInt16BigEndian(frame[16..]);
            start += TagLength;
        }
        if (EtherType < FirstEtherType && frame.Length >= start + SnapLength && IsSnap(frame[start..]))
        {
            EtherType = BinaryPrimitives.ReadUInt16BigEndian(frame[(start + 6)..]);
            start += SnapLength;
        }
        if (EtherType == EtherTypeIPv4) ParseIPv4(frame, start);
        else if (EtherType == EtherTypeIPv6) ParseIPv6(frame, start);
    }

    /// <summary>Where the MAC header with tag or SNAP header ends in a frame with these headers.</summary>
    internal readonly int MacEnd(ReadOnlySpan<byte> frame)
    {
        int start = IPv4Start != 0 ? IPv4Start : L3Start;
        if (start != 0) return start;
        return Math.Min(frame.Length, HasVlanTag ? MacLength + TagLength : MacLength);
    }

    /// <summary>Source and destination address of the (inner) IP header.</summary>
    internal readonly ReadOnlySpan<byte> Addresses(ReadOnlySpan<byte> frame) =>
        IsIPv4 ? frame.Slice(L3Start + IPv4Addresses, 8) : frame.Slice(L3Start + IPv6Addresses, 32);

    private static bool IsSnap(ReadOnlySpan<byte> bytes) =>
        bytes[0] == 0xAA && bytes[1] == 0xAA && bytes[2] == 3 && bytes[3] == 0 && bytes[4] == 0 && bytes[5] == 0;

    private void ParseIPv4(ReadOnlySpan<byte> frame, int start)
    {
        if (frame.Length < start + 20) return;
        var header = frame[start..];
        int headerLength = (header[0] & 15) * 4, total = BinaryPrimitives.ReadUInt16BigEndian(header[2..]);
        if (header[0] >> 4 != 4 || headerLength < 20 || headerLength > header.Length) return;
        Type = headerLength > 20 ? PacketType.IPv4 | PacketType.IPv4Options : PacketType.IPv4;
        (IPv4Start, L3Start) = (start, start);
        // A packet that claims to be longer than its frame has no transport part that could be checked.
        if (total < headerLength || total > header.Length) return;
        L4Start = start + headerLength;
        L4Length = total - headerLength;
        uint fragment = BinaryPrimitives.ReadUInt16BigEndian(header[6..]) & 0x3FFFu;
        IsFragment = fragment != 0;
        IsFirstFragment = (fragment & 0x1FFF) == 0;
        HasPlainAddresses = true;
        byte protocol = header[9];
        if (protocol == IPv6InIPv4 && !IsFragment) ParseIPv6(frame, L4Start);
        else ParseTransport(frame, protocol);
    }

    private void ParseIPv6(ReadOnlySpan<byte> frame, int start)
    {
        if (frame.Length < start + 40 || frame[start] >> 4 != 6) return;
        int end = start + 40 + BinaryPrimitives.ReadUInt16BigEndian(frame[(start + 4)..]);
        Type |= PacketType.IPv6;
        L3Start = start;
        L4Start = start + 40;
        HasPlainAddresses = true;
        if (end > frame.Length)
        {
            L4Length = 0;
            return;
        }
        byte next = SkipExtensions(frame[..end], frame[start + 6]);
        L4Length = end - L4Start;
        ParseTransport(frame, next);
    }

    // Returns the protocol after the extension headers; L4Start is where it starts.
    private byte SkipExtensions(ReadOnlySpan<byte> packet, byte next)
    {
        while (next is HopByHop or DestinationOptions or Routing or Fragment)
        {
            if (packet.Length < L4Start + 8) return byte.MaxValue;
            Type |= PacketType.IPv6Extensions;
            var extension = packet[L4Start..];
            if (next == Fragment)
            {
                uint fragment = BinaryPrimitives.ReadUInt16BigEndian(extension[2..]) & 0xFFF9u;
                IsFragment = fragment != 0;
                IsFirstFragment = (fragment & 0xFFF8) == 0;
            }
            // With segments left, the destination is not the final one; a home address replaces the source.
            if (next == Routing && extension[3] != 0 || next == DestinationOptions && HasHomeAddress(extension))
                HasPlainAddresses = false;
            int length = next == Fragment ? 8 : 8 + extension[1] * 8;
            if (length > extension.Length) return byte.MaxValue;
            next = extension[0];
            L4Start += length;
        }
        return next;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ParseTransport(ReadOnlySpan<byte> frame, byte protocol)
    {
        int headerLength = protocol switch { Tcp => 20, Udp => 8, Sctp => 12, _ => 0 };
        if (headerLength == 0)
        {
            if (protocol == Esp) Type |= PacketType.Esp;
            else if (protocol == Authentication) Type |= PacketType.AuthenticationHeader;
            return;
        }
        // For a fragment only the packet type of its IP header is known (7.1.6.2), and where UDP would start.
        if (L4Length < headerLength || IsFragment) return;
        Type |= protocol switch { Tcp => PacketType.Tcp, Udp => PacketType.Udp, _ => PacketType.Sctp };
        if (protocol == Tcp) headerLength = Math.Max(headerLength, (frame[L4Start + 12] >> 4) * 4);
        if (headerLength > L4Length) return;
        Transport = protocol;
        L4End = L4Start + headerLength;
    }

    // RFC 6275, 6.3; options have a length, except Pad1 (RFC 8200, 4.2).
    private static bool HasHomeAddress(ReadOnlySpan<byte> header)
    {
        const byte Pad1 = 0, HomeAddress = 0xC9;
        var options = header[2..Math.Min(header.Length, 8 + 8 * header[1])];
        while (!options.IsEmpty)
        {
            if (options[0] == HomeAddress) return true;
            int length = options[0] == Pad1 ? 1 : options.Length == 1 ? 1 : 2 + options[1];
            options = options[Math.Min(length, options.Length)..];
        }
        return false;
    }
}
