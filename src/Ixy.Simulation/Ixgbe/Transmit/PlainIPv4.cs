using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Simulation.Ixgbe.Receive;

namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>
/// The fast path for most frames: TCP or UDP over IPv4 without tag, options or fragments. It gives the same result as
/// <see cref="PacketHeaders"/> with <see cref="ReceiveChecksums"/>, and leaves everything else to them.
/// </summary>
internal static class PlainIPv4
{
    /// <summary>
    /// Offset of source address, destination address and ports, which are contiguous: the input of RSS.
    /// </summary>
    internal const int HashInput = 26, HashInputLength = 12;

    internal const byte Tcp = PacketHeaders.Tcp, Udp = PacketHeaders.Udp;

    private const int MacLength = 14, HeaderLength = 20, L4Start = MacLength + HeaderLength, LongForScalar = 128;

    // In wire order, read little-endian: EtherType, then version 4 with 5 words of header.
    private const uint TypeAndVersion = 0x45_0008, TypeAndVersionMask = 0xFF_FFFF;

    // Offset and More Fragments in the first eight bytes of the header.
    private const ulong FragmentMask = 0xFF3F_0000_0000_0000;

    /// <summary>
    /// Packet type, status and header ends of a frame of at least 60 bytes; false if it is not of this kind.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryRead(ReadOnlySpan<byte> frame, ref ReceivedFrame information)
    {
        ref byte start = ref MemoryMarshal.GetReference(frame);
        if ((Word32(ref start, 12) & TypeAndVersionMask) != TypeAndVersion) return false;
        return TryReadHeaders(ref start, frame.Length, ref information);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadHeaders(ref byte start, int frameLength, ref ReceivedFrame information)
    {
        ulong first = Word64(ref start, MacLength), second = Word64(ref start, MacLength + 8);
        ulong source = second >> 32, destination = Word32(ref start, MacLength + 16);
        int length = BinaryPrimitives.ReverseEndianness((ushort)(first >> 16)) - HeaderLength;
        byte protocol = (byte)(second >> 8);
        if ((first & FragmentMask) != 0 || length < 8 || length > frameLength - L4Start) return false;

        uint status = ReceiveDescriptor.IPChecksum | ReceiveDescriptor.L4Checksum, headerLength;
        if (protocol == Udp)
        {
            ulong header = Word64(ref start, L4Start);
            // No checksum, or a length of its own: not plain.
            if (header >> 48 == 0 || BinaryPrimitives.ReverseEndianness((ushort)(header >> 32)) != length) return false;
            status |= ReceiveDescriptor.UdpChecksum;
            headerLength = 8;
            information.PacketInfo = (PacketType.IPv4 | PacketType.Udp) << ReceiveDescriptor.PacketTypeShift;
        }
        else if (protocol == Tcp && length >= 20)
        {
            headerLength = (uint)Unsafe.Add(ref start, L4Start + 12) >> 4 << 2;
            if (headerLength < 20 || headerLength > length) return false;
            information.PacketInfo = (PacketType.IPv4 | PacketType.Tcp) << ReceiveDescriptor.PacketTypeShift;
        }
        else
        {
            return false;
        }

        // Correct sums are multiples of 0xFFFF.
        ulong addresses = source + destination;
        if (((uint)first + (first >> 32) + (uint)second + addresses) % 0xFFFF != 0) status |= ReceiveDescriptor.IPError;
        ulong pseudo = addresses + ((ulong)protocol << 8) + BinaryPrimitives.ReverseEndianness((ushort)length);
        if (Sum(ref Unsafe.Add(ref start, L4Start), length, pseudo) % 0xFFFF != 0) status |= ReceiveDescriptor.L4Error;
        information.Status |= status;
        (information.L2End, information.L3End, information.L4End) =
            (MacLength, L4Start, (ushort)(L4Start + headerLength));
        return true;
    }

    // At least 8 bytes. The last ones are read together with some before them, which are shifted out.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Sum(ref byte bytes, int length, ulong sum)
    {
        if (length >= LongForScalar)
            return InternetChecksum.Sum(MemoryMarshal.CreateReadOnlySpan(ref bytes, length), sum);
        int position = 0;
        for (; position <= length - 8; position += 8)
        {
            ulong word = Word64(ref bytes, position);
            sum += (uint)word + (word >> 32);
        }
        int left = length - position;
        if (left == 0) return sum;
        ulong last = Word64(ref bytes, length - 8) >> (64 - 8 * left);
        return sum + (uint)last + (last >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word32(ref byte start, int offset) =>
        Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Word64(ref byte start, int offset) =>
        Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, offset));
}
