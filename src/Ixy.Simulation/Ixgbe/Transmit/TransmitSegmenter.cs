using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>
/// TCP and UDP segmentation: cuts a packet into frames of at most MSS bytes of payload, each with updated copies of the
/// packet's headers (datasheet 7.2.4).
/// </summary>
internal sealed unsafe class TransmitSegmenter(TransmitPath path) : IDisposable
{
    private const uint Headroom = 16, Tailroom = 64, Capacity = TransmitMac.LongestFrame;
    private const uint LongestHeaders = 512, ShortestL4 = 8, LongestL4 = 64;
    private const int SnapLength = 8;

    private readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc(Headroom + Capacity + Tailroom, 64);

    /// <summary>
    /// Sends a packet in segments, none longer than <see cref="TransmitMac.LongestFrame"/>; false if its sizes are
    /// inconsistent.
    /// </summary>
    internal bool Send(in CardTransmitRequest request, ReadOnlySpan<byte> packet)
    {
        ref readonly var context = ref request.Context;
        int headers = (int)context.HeaderLength, size = (int)context.SegmentSize;
        if (size == 0 || context.L4Length is < ShortestL4 or > LongestL4) return false;
        if (headers > LongestHeaders || headers > packet.Length) return false;
        if (!HasRoomForHeaders(context)) return false;
        var payload = packet[headers..];
        int number = 0, offset = 0;
        do
        {
            var part = payload.Slice(offset, Math.Min(size, payload.Length - offset));
            var frame = new Span<byte>(_memory + Headroom, headers + part.Length);
            packet[..headers].CopyTo(frame);
            part.CopyTo(frame[headers..]);
            bool isLast = offset + part.Length == payload.Length;
            Update(frame, context, number, offset, isLast);
            Send(request, frame);
            (number, offset) = (number + 1, offset + part.Length);
        }
        while (offset < payload.Length);
        return true;
    }

    public void Dispose() => NativeMemory.AlignedFree(_memory);

    // The updated fields must be inside the headers: up to IPv6's payload length, IPv4's checksum, TCP's checksum.
    private static bool HasRoomForHeaders(in TransmitContext context) =>
        context.IpLength >= (context.IPv4 ? 20 : 40) && context.MacLength >= 14 &&
        (context.Transport != TransmitTransport.Tcp || context.L4Length >= 20)
        && (!context.Snap || context.MacLength >= 22);

    // 7.2.4.7.1 to 7.2.4.7.3
    private void Update(Span<byte> frame, in TransmitContext context, int number, int offset, bool isLast)
    {
        var ip = frame[(int)context.MacLength..];
        var l4 = ip[(int)context.IpLength..];
        if (context.Snap) UpdateSnap(frame, context);
        if (context.IPv4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
            BinaryPrimitives.WriteUInt16BigEndian(
                ip[4..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(ip[4..]) + number));
        }
        else
        {
            // IPv6 counts its extension headers as payload.
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(ip.Length - 40));
        }
        if (context.Transport == TransmitTransport.Tcp) UpdateTcp(l4, number == 0, isLast, (uint)offset);
        else BinaryPrimitives.WriteUInt16BigEndian(l4[4..], (ushort)l4.Length);
    }

    // The 802.3 length before LLC and SNAP is eight bytes before the end of the MAC header (7.2.4.1); it counts what
    // follows it.
    private static void UpdateSnap(Span<byte> frame, in TransmitContext context)
    {
        int end = (int)context.MacLength - SnapLength;
        BinaryPrimitives.WriteUInt16BigEndian(frame[(end - 2)..], (ushort)(frame.Length - end));
    }

    private void UpdateTcp(Span<byte> tcp, bool isFirst, bool isLast, uint offset)
    {
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]) + offset);
        if (isFirst && isLast) return;
        var registers = path.Card.Registers;
        uint mask = isLast ? registers[DTXTCPFLGH] : isFirst ? registers[DTXTCPFLGL] : registers[DTXTCPFLGL] >> 16;
        // The flags are the low twelve bits of the word that begins with the data offset.
        uint flags = BinaryPrimitives.ReadUInt16BigEndian(tcp[12..]);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[12..], (ushort)(flags & (mask & 0xFFF | 0xF000)));
    }

    private void Send(in CardTransmitRequest request, Span<byte> frame)
    {
        ref readonly var context = ref request.Context;
        if (request.IpChecksum && context.IPv4) TransmitOffload.InsertIpChecksum(frame, context);
        ushort l4 = (ushort)(frame.Length - (int)(context.MacLength + context.IpLength));
        if (request.L4Checksum) TransmitOffload.InsertL4Checksum(frame, context, l4);
        byte* start = _memory + Headroom;
        uint length = (uint)frame.Length;
        if (request.InsertVlan)
            start = TransmitOffload.InsertVlan(start, request.VlanTag, path.Card.Registers, ref length);
        path.Mac.Finish(new Span<byte>(start, (int)(length + Tailroom)), (int)length, insertFcs: true);
    }
}
