using System.Buffers.Binary;

namespace Ixy.Testing.Cards;

/// <summary>IP packets with correct checksums, made the slow and obvious way.</summary>
internal static class TestPackets
{
    internal const byte Tcp = 6, Udp = 17, Sctp = 132, Icmp = 1;

    /// <summary>Where packets are sent unless a test says otherwise.</summary>
    internal static readonly byte[] Mac = [2, 2, 3, 4, 5, 6];

    /// <summary>A transport header with ports and payload, without a checksum.</summary>
    internal static byte[] Segment(byte protocol, ushort source = 1766, ushort destination = 2794, int payload = 20)
    {
        var segment = new byte[(protocol == Tcp ? 20 : protocol == Udp ? 8 : 12) + payload];
        for (int i = 0; i < payload; i++) segment[^(i + 1)] = (byte)(i * 5 + 1);
        BinaryPrimitives.WriteUInt16BigEndian(segment, source);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), destination);
        if (protocol == Tcp) segment[12] = 0x50;
        if (protocol == Udp) BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)segment.Length);
        return segment;
    }

    /// <summary>Ethernet and IPv4 around a segment, with both checksums.</summary>
    internal static byte[] IPv4(
        byte protocol, byte[] segment, string source = "66.9.149.187", string destination = "161.142.100.80",
        int options = 0, ushort fragment = 0, bool checksum = true, ushort id = 0x1234)
    {
        byte[] addresses = [.. Bytes(source), .. Bytes(destination)];
        var header = new byte[20 + options];
        header[0] = (byte)(0x40 | header.Length / 4);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(header.Length + segment.Length));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), id);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), fragment);
        (header[8], header[9]) = (64, protocol);
        addresses.CopyTo(header, 12);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), Checksum(header));
        if (checksum) FillChecksum(protocol, segment, addresses);
        return Frame(0x0800, [.. header, .. segment]);
    }

    /// <summary>Ethernet and IPv6 around a segment, with extension headers and the transport checksum.</summary>
    internal static byte[] IPv6(byte protocol, byte[] segment, byte[]? extensions = null, byte firstHeader = 0,
        string source = "3ffe:2501:200:1fff::7", string destination = "3ffe:2501:200:3::1")
    {
        byte[] addresses = [.. Bytes(source), .. Bytes(destination)];
        FillChecksum(protocol, segment, addresses);
        byte[] payload = [.. extensions ?? [], .. segment];
        var header = new byte[40];
        header[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)payload.Length);
        (header[6], header[7]) = (extensions is null ? protocol : firstHeader, 64);
        addresses.CopyTo(header, 8);
        return Frame(0x86DD, [.. header, .. payload]);
    }

    internal static byte[] Frame(ushort type, byte[] payload)
    {
        var frame = new byte[Math.Max(60, 14 + payload.Length)];
        Mac.CopyTo(frame, 0);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), type);
        payload.CopyTo(frame, 14);
        return frame;
    }

    /// <summary>The same frame with an 802.1Q tag.</summary>
    internal static byte[] Tagged(byte[] frame, ushort tag) =>
        [.. frame[..12], 0x81, 0, (byte)(tag >> 8), (byte)tag, .. frame[12..]];

    internal static ushort Checksum(params byte[][] parts)
    {
        uint sum = 0;
        foreach (byte[] part in parts)
        {
            for (int i = 0; i < part.Length; i++) sum += i % 2 == 0 ? (uint)part[i] << 8 : part[i];
        }
        while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }

    /// <summary>Bitwise CRC, least significant bit first.</summary>
    internal static uint Crc(ReadOnlySpan<byte> bytes, uint polynomial)
    {
        uint crc = uint.MaxValue;
        foreach (byte next in bytes)
        {
            crc ^= next;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ polynomial : crc >> 1;
        }
        return ~crc;
    }

    internal static byte[] Bytes(string address) => System.Net.IPAddress.Parse(address).GetAddressBytes();

    private static void FillChecksum(byte protocol, byte[] segment, byte[] addresses)
    {
        if (protocol == Sctp)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(segment.AsSpan(8), Crc(segment, 0x82F6_3B78));
            return;
        }
        if (protocol is not (Tcp or Udp)) return;
        byte[] pseudo = [0, protocol, (byte)(segment.Length >> 8), (byte)segment.Length];
        BinaryPrimitives.WriteUInt16BigEndian(
            segment.AsSpan(protocol == Tcp ? 16 : 6), Checksum(addresses, pseudo, segment));
    }
}
