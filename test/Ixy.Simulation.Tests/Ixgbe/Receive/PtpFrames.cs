using System.Buffers.Binary;

namespace Ixy.Simulation.Tests.Ixgbe.Receive;

/// <summary>IEEE 1588 messages of both versions, over Ethernet and UDP, made by hand.</summary>
internal static class PtpFrames
{
    internal const byte Sync = 0, DelayRequest = 1, PathDelayRequest = 2, PathDelayResponse = 3, FollowUp = 8;
    internal const ushort EtherType = 0x88F7, EventPort = 319;

    /// <summary>Version 2 over Ethernet, with an 802.1Q tag if there is a priority.</summary>
    internal static byte[] Ethernet(byte message, int? priority = null, ushort sequence = 0x1234)
    {
        byte[] tag = priority is { } value ? [0x81, 0x00, (byte)(value << 5), 5] : [];
        byte[] type = [EtherType >> 8, EtherType & 0xFF];
        return [.. TestPackets.Mac, 2, 0, 0, 0, 0, 9, .. tag, .. type, .. Version2(message, sequence)];
    }

    /// <summary>Version 2 over UDP and IPv4.</summary>
    internal static byte[] Udp(byte message, ushort port = EventPort) => IPv4(Version2(message, 1), port);

    /// <summary>Version 1, which identifies its messages by a control field, over UDP and IPv4.</summary>
    internal static byte[] UdpVersion1(byte control)
    {
        var message = new byte[44];
        (message[1], message[20], message[32]) = (1, 1, control);
        return IPv4(message, EventPort);
    }

    /// <summary>Version 2 over UDP and IPv6.</summary>
    internal static byte[] UdpIPv6(byte message) => IPv6(Version2(message, 1), EventPort);

    private static byte[] Version2(byte message, ushort sequence)
    {
        var bytes = new byte[46];
        (bytes[0], bytes[1], bytes[3]) = (message, 2, 44);
        for (int i = 0; i < 10; i++) bytes[20 + i] = (byte)(0xA0 + i);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(30), sequence);
        return bytes;
    }

    private static byte[] UdpHeader(int payload, ushort port) =>
        [(byte)(port >> 8), (byte)port, (byte)(port >> 8), (byte)port, 0, (byte)(8 + payload), 0, 0];

    private static byte[] IPv4(byte[] payload, ushort port) =>
    [
        .. TestPackets.Mac, 2, 0, 0, 0, 0, 9, 0x08, 0x00,
        0x45, 0, 0, (byte)(28 + payload.Length), 0, 0, 0, 0, 1, 17, 0, 0, 10, 0, 0, 1, 224, 0, 1, 129,
        .. UdpHeader(payload.Length, port), .. payload,
    ];

    private static byte[] IPv6(byte[] payload, ushort port) =>
    [
        .. TestPackets.Mac, 2, 0, 0, 0, 0, 9, 0x86, 0xDD,
        0x60, 0, 0, 0, 0, (byte)(8 + payload.Length), 17, 1, .. new byte[32],
        .. UdpHeader(payload.Length, port), .. payload,
    ];
}
