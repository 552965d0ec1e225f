using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Ixy.Ixgbe;

/// <summary>What the card reports about checksums and VLAN tags (datasheet 7.1.6.2, 7.1.11, 7.4.3).</summary>
internal readonly struct ReportedOffloads : IReceiveOffloads
{
    // Status bits: VLAN tag present, TCP or UDP checksum calculated, IPv4 checksum calculated. Error bits: one for each
    // of the two checksums.
    private const int VlanBit = 3, L4Bit = 5, IpBit = 6, L4ErrorBit = 30, IpErrorBit = 31, VlanTagShift = 48;

    private const ulong VlanStripped = (ulong)PacketFlags.VlanStripped << Packet.FlagsShift;
    private const ulong L4ChecksumBad = (ulong)PacketFlags.L4ChecksumBad << Packet.FlagsShift;

    private const PacketFlags Checksums = PacketFlags.IpChecksumGood | PacketFlags.IpChecksumBad
        | PacketFlags.L4ChecksumGood | PacketFlags.L4ChecksumBad;

    /// <summary>The flags that a queue reports with these options.</summary>
    internal static ulong Wanted(NetworkDeviceOptions options)
    {
        var checksums = (options.Offloads & Offloads.ReceiveChecksum) != 0 ? Checksums : 0;
        var tag = (options.Offloads & Offloads.VlanStrip) != 0 ? PacketFlags.VlanStripped : 0;
        return (ulong)(checksums | tag) << Packet.FlagsShift;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Report(ulong status, ulong buffer, ulong wanted)
    {
        // Branch-free: an error bit counts only if the checksum was calculated.
        ulong ip = status >> IpBit & 1, ipBad = ip & status >> IpErrorBit;
        ulong l4 = status >> L4Bit & 1, l4Bad = l4 & status >> L4ErrorBit;
        ulong bits = (ip ^ ipBad) | ipBad << 1 | (l4 ^ l4Bad) << 2 | l4Bad << 3 | (status >> VlanBit & 1) << 4;
        ulong flags = bits << Packet.FlagsShift & wanted;
        return (flags & (VlanStripped | L4ChecksumBad)) == 0 ? flags : LookCloser(flags, status, buffer);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe ulong LookCloser(ulong flags, ulong status, ulong buffer)
    {
        if ((flags & VlanStripped) != 0) Packet.VlanTagOf(buffer) = (ushort)(status >> VlanTagShift);
        if ((flags & L4ChecksumBad) == 0) return flags;
        int length = (ushort)(status >> IxgbeReceiveDescriptor.LengthShift);
        var frame = new ReadOnlySpan<byte>((void*)(buffer & Packet.AddressMask), length);
        return HasNoChecksum(frame) ? flags & ~L4ChecksumBad : flags;
    }

    // In UDP over IPv4, zero means that the sender computed no checksum (RFC 768). The card should then not check it
    // (7.1.11), but some 82599 report an error (its specification update).
    private static bool HasNoChecksum(ReadOnlySpan<byte> frame)
    {
        var headers = new FrameHeaders();
        return !headers.Read(frame, withTransport: true).IsRefused
            && headers.IsIPv4 && headers.Protocol == FrameHeaders.Udp
            && BinaryPrimitives.ReadUInt16LittleEndian(frame[(headers.SegmentStart + headers.ChecksumOffset)..]) == 0;
    }
}
