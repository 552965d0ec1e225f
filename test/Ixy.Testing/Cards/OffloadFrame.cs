using System.Buffers.Binary;

namespace Ixy.Testing.Cards;

/// <summary>
/// A frame with correct checksums, built and summed in the simplest possible way, without any of the product's code.
/// Also used by the tests in virtual machines.
/// </summary>
/// <param name="Name">What is special about it.</param>
/// <param name="Bytes">The frame, complete.</param>
/// <param name="Ip">Where its IP header is.</param>
/// <param name="L4">Where its TCP or UDP header is.</param>
/// <param name="Protocol">6 or 17.</param>
/// <param name="End">Where its segment ends; what follows is part of no checksum.</param>
internal sealed record OffloadFrame(string Name, byte[] Bytes, int Ip, int L4, byte Protocol, int End)
{
    internal const byte Tcp = 6, Udp = 17;
    private static readonly byte[] s_addresses = [0x52, 0x54, 0, 0, 0, 0x10, 0x02, 0, 0, 0, 0, 9];

    internal bool IsIPv4 => Bytes[Ip] >> 4 == 4;

    internal int ChecksumAt => L4 + (Protocol == Udp ? 6 : 16);

    /// <summary>The frame with garbage in its checksum fields, as an application may leave it to a device.</summary>
    internal byte[] Unfinished
    {
        get
        {
            byte[] bytes = [.. Bytes];
            if (IsIPv4) BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(Ip + 10), 0xDEAD);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(ChecksumAt), 0xBEEF);
            return bytes;
        }
    }

    /// <summary>One of every kind.</summary>
    internal static IReadOnlyList<OffloadFrame> All { get; } =
    [
        Make("TCP over IPv4", payload: 100),
        Make("UDP over IPv4", protocol: Udp, payload: 100),
        Make("TCP over IPv6", isIPv6: true, payload: 100),
        Make("UDP over IPv6", isIPv6: true, protocol: Udp, payload: 100),
        Make("TCP with an odd length", payload: 101),
        Make("UDP with an odd length", protocol: Udp, payload: 333),
        Make("UDP over IPv6 with an odd length", isIPv6: true, protocol: Udp, payload: 77),
        Make("TCP of the shortest length", payload: 0),
        Make("UDP of the shortest length", protocol: Udp, payload: 0),
        Make("TCP of the longest length", payload: 1460),
        Make("TCP with IPv4 options", extra: [0x94, 4, 0, 0, 1, 1, 1, 1], payload: 64),
        Make("UDP with as many IPv4 options as can be", extra: [.. Enumerable.Repeat((byte)1, 40)], protocol: Udp,
            payload: 65),
        Make("UDP behind IPv6 extension headers", isIPv6: true,
            extra: [60, 0, 1, 4, 0, 0, 0, 0, 17, 1, 1, 12, .. new byte[12]], protocol: Udp, payload: 90),
        Make("TCP in an atomic IPv6 fragment", isIPv6: true, extra: [6, 0, 0, 0, 1, 2, 3, 4], firstExtra: 44,
            payload: 90),
        Make("TCP with a VLAN tag", tags: [0x8100_A064], payload: 50),
        Make("UDP over IPv6 with a VLAN tag", tags: [0x8100_0001], isIPv6: true, protocol: Udp, payload: 51),
        Make("TCP with two VLAN tags", tags: [0x88A8_0002, 0x8100_0003], payload: 52),
        Make("TCP with padding behind it", payload: 0, padding: 6),
        Make("UDP over IPv6 with rubbish behind it", isIPv6: true, protocol: Udp, payload: 9, padding: 7),
        MakeZero("UDP whose sum is zero", Udp, isIPv6: false),
        MakeZero("UDP over IPv6 whose sum is zero", Udp, isIPv6: true),
        MakeZero("TCP whose sum is zero", Tcp, isIPv6: false),
        MakeZero("TCP over IPv6 whose sum is zero", Tcp, isIPv6: true),
        MakeZero("TCP whose sum is zero, with padding", Tcp, isIPv6: false, padding: 3),
    ];

    /// <summary>
    /// Makes a frame whose addresses, ports and payload depend on the seed. The extra bytes are IPv4 options or IPv6
    /// extension headers; the payload begins with the first word.
    /// </summary>
    internal static OffloadFrame Make(
        string name, uint[]? tags = null, bool isIPv6 = false, byte[]? extra = null, byte firstExtra = 0,
        byte protocol = Tcp,
        int payload = 0, int padding = 0, int seed = 1, ushort firstWord = 0xFFFE)
    {
        var random = new Random(seed);
        byte[] segment = new byte[(protocol == Tcp ? 20 : 8) + payload];
        random.NextBytes(segment);
        if (payload > 1) BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(protocol == Tcp ? 20 : 8), firstWord);
        if (protocol == Tcp) segment[12] = 0x50;
        else BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)segment.Length);
        byte[] ip = isIPv6 ? IPv6(extra ?? [], firstExtra, protocol, segment.Length, random)
            : IPv4(extra ?? [], protocol, segment.Length, random);
        byte[] tagBytes = [
            .. (tags ?? [])
            .SelectMany(tag => (byte[])[(byte)(tag >> 24), (byte)(tag >> 16), (byte)(tag >> 8), (byte)tag])];
        byte[] mac = [.. s_addresses, .. tagBytes, .. isIPv6 ? (byte[])[0x86, 0xDD] : [8, 0]];
        byte[] frame = [.. mac, .. ip, .. segment, .. Enumerable.Repeat((byte)0xEE, padding)];
        var made = new OffloadFrame(
            name, frame, mac.Length, mac.Length + ip.Length, protocol, mac.Length + ip.Length + segment.Length);
        made.Complete();
        return made;
    }

    /// <summary>The one's complement sum of big-endian words (RFC 1071), step by step.</summary>
    internal static int Sum(ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        for (int i = 0; i < bytes.Length; i += 2)
        {
            sum += bytes[i] << 8 | (i + 1 < bytes.Length ? bytes[i + 1] : 0);
            if (sum > 0xFFFF) sum -= 0xFFFF;
        }
        return sum;
    }

    /// <summary>What a receiver sums to 0xFFFF: pseudo-header and segment.</summary>
    internal byte[] Covered()
    {
        var addresses = IsIPv4 ? Bytes.AsSpan(Ip + 12, 8) : Bytes.AsSpan(Ip + 8, 32);
        int length = End - L4;
        return [.. addresses, 0, Protocol, (byte)(length >> 8), (byte)length, .. Bytes.AsSpan(L4, length)];
    }

    // With the right first word, the sum is 0xFFFF and its complement zero. In UDP, zero means "no checksum", so 0xFFFF
    // is sent instead (RFC 768); TCP has no such rule (RFC 9293, 3.1).
    private static OffloadFrame MakeZero(string name, byte protocol, bool isIPv6, int padding = 0)
    {
        var frame = Make(name, isIPv6: isIPv6, protocol: protocol, payload: 30, padding: padding, firstWord: 0);
        ushort missing = BinaryPrimitives.ReadUInt16BigEndian(frame.Bytes.AsSpan(frame.ChecksumAt));
        var zero = Make(name, isIPv6: isIPv6, protocol: protocol, payload: 30, padding: padding, firstWord: missing);
        Assert.Equal(
            protocol == Udp ? 0xFFFF : 0, BinaryPrimitives.ReadUInt16BigEndian(zero.Bytes.AsSpan(zero.ChecksumAt)));
        return zero;
    }

    private static byte[] IPv4(byte[] options, byte protocol, int length, Random random)
    {
        byte[] header = new byte[20 + options.Length];
        random.NextBytes(header.AsSpan(12));
        options.CopyTo(header, 20);
        (header[0], header[8], header[9]) = ((byte)(0x40 | header.Length / 4), 64, protocol);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(header.Length + length));
        // Plain unicast addresses.
        (header[12], header[16]) = (10, 192);
        return header;
    }

    private static byte[] IPv6(byte[] extensions, byte first, byte protocol, int length, Random random)
    {
        byte[] header = new byte[40];
        random.NextBytes(header.AsSpan(8));
        (header[0], header[6], header[7]) = (0x60, extensions.Length > 0 ? first : protocol, 64);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)(extensions.Length + length));
        (header[8], header[24]) = (0x20, 0x20);
        return [.. header, .. extensions];
    }

    private void Complete()
    {
        if (IsIPv4)
        {
            Bytes.AsSpan(Ip + 10, 2).Clear();
            BinaryPrimitives.WriteUInt16BigEndian(
                Bytes.AsSpan(Ip + 10), (ushort)~Sum(Bytes.AsSpan(Ip, (Bytes[Ip] & 15) * 4)));
        }
        Bytes.AsSpan(ChecksumAt, 2).Clear();
        ushort checksum = (ushort)~Sum(Covered());
        BinaryPrimitives.WriteUInt16BigEndian(
            Bytes.AsSpan(ChecksumAt), checksum == 0 && Protocol == Udp ? (ushort)0xFFFF : checksum);
    }
}
