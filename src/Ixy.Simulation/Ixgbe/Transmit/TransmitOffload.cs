using System.Buffers.Binary;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>
/// Inserts checksums and VLAN tags into a packet in the card's memory (datasheet 7.2.3.2.2, 7.2.5, 7.4). Each method
/// returns false, and does nothing, if its place is outside the packet.
/// </summary>
internal static unsafe class TransmitOffload
{
    internal const uint GlobalDoubleVlan = 1u << 3; // DMATXCTL (8.2.3.9.2)
    internal const int VlanTypeShift = 16;

    private const int AddressesLength = 12, TagLength = 4, IpChecksumOffset = 10;
    private const uint ExternalVlanTypeOffset = 0x05078, ExtendedVlan = 1u << 26;

    /// <summary>
    /// Legacy IC: the complement of the sum from <paramref name="start"/> to the end, stored at
    /// <paramref name="offset"/>; the field's old value is included, so that software can leave a correction
    /// (7.2.3.2.2).
    /// </summary>
    internal static bool InsertChecksum(Span<byte> packet, int start, int offset)
    {
        if (start > packet.Length || offset > packet.Length - 2) return false;
        Write(packet[offset..], InternetChecksum.Sum(packet[start..]));
        return true;
    }

    /// <summary>The header checksum of IPv4 (7.2.5.1); the field's old value is included.</summary>
    internal static bool InsertIpChecksum(Span<byte> packet, in TransmitContext context)
    {
        int start = (int)context.MacLength, length = (int)context.IpLength;
        if (start + length > packet.Length || length < IpChecksumOffset + 2) return false;
        Write(packet[(start + IpChecksumOffset)..], InternetChecksum.Sum(packet.Slice(start, length)));
        return true;
    }

    /// <summary>
    /// The checksum of TCP, UDP or SCTP, to the last byte of the packet (7.2.5.2, 7.2.5.3). For TCP and UDP, software
    /// has left the sum of the pseudo-header in the field.
    /// </summary>
    internal static bool InsertL4Checksum(Span<byte> packet, in TransmitContext context) =>
        InsertL4Checksum(packet, context, 0);

    /// <summary>
    /// The same with <paramref name="length"/> added: when segmenting, software omits the length from the
    /// pseudo-header, because every segment has its own (7.2.4.5).
    /// </summary>
    internal static bool InsertL4Checksum(Span<byte> packet, in TransmitContext context, ushort length)
    {
        int start = (int)(context.MacLength + context.IpLength);
        if (start > packet.Length) return false;
        var segment = packet[start..];
        return context.Transport switch
        {
            TransmitTransport.Tcp => InsertSum(segment, 16, length),
            TransmitTransport.Udp => InsertSum(segment, 6, length) && AvoidZero(segment[6..]),
            TransmitTransport.Sctp => InsertSctp(segment),
            _ => false,
        };
    }

    /// <summary>
    /// Inserts a tag after the addresses of a frame with at least 4 free bytes before it; in double VLAN mode after the
    /// outer tag, if the packet has one (7.4.5). Returns the frame's new start.
    /// </summary>
    internal static byte* InsertVlan(byte* frame, ushort tag, RegisterFile registers, ref uint length)
    {
        int before = AddressesLength;
        uint control = registers[DMATXCTL];
        ushort inner = (ushort)(control >> VlanTypeShift);
        ushort outer = (ushort)(registers.Memory[ExternalVlanTypeOffset / sizeof(uint)] >> 16);
        bool isDouble = (control & GlobalDoubleVlan) != 0 || (registers[CTRL_EXT] & ExtendedVlan) != 0;
        var type = new ReadOnlySpan<byte>(frame + AddressesLength, sizeof(ushort));
        if (isDouble && BinaryPrimitives.ReadUInt16BigEndian(type) == outer) before += TagLength;
        byte* start = frame - TagLength;
        Buffer.MemoryCopy(frame, start, before, before);
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(start + before, 2), inner);
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(start + before + 2, 2), tag);
        length += TagLength;
        return start;
    }

    private static bool InsertSum(Span<byte> segment, int offset, ushort length)
    {
        if (segment.Length < offset + 2) return false;
        uint sum = InternetChecksum.Sum(segment, BinaryPrimitives.ReverseEndianness(length));
        Write(segment[offset..], sum);
        return true;
    }

    // In UDP a field of 0 means there is no checksum; a sum that happens to be 0 is sent as 0xFFFF (RFC 768).
    private static bool AvoidZero(Span<byte> field)
    {
        if (field[0] == 0 && field[1] == 0) field[..2].Fill(0xFF);
        return true;
    }

    private static bool InsertSctp(Span<byte> segment)
    {
        if (segment.Length < 12) return false;
        BinaryPrimitives.WriteUInt32LittleEndian(segment[8..], FrameSums.Sctp(segment));
        return true;
    }

    // The sum is in memory order, and so is its complement.
    private static void Write(Span<byte> field, uint sum) =>
        BinaryPrimitives.WriteUInt16LittleEndian(field, InternetChecksum.Finish(sum));
}
