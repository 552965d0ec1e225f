using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Ixy.Simulation.Ixgbe;

/// <summary>The sums that the receive path checks or appends: Internet checksum, CRC-32 and CRC-32C.</summary>
internal static class FrameSums
{
    private const uint FcsPolynomial = 0xEDB8_8320;

    // Eight tables of 256: the CRC of a byte that is followed by 0 to 7 zero bytes.
    private static readonly uint[] s_fcsTables = MakeFcsTables();

    /// <summary>
    /// One's complement sum of the 16-bit words as they lie in memory, folded to 16 bits; an odd last byte stands
    /// alone. Correct data, its checksum included, sums up to 0xFFFF in either byte order (RFC 1071).
    /// </summary>
    internal static uint OnesComplement(ReadOnlySpan<byte> bytes, ulong sum = 0)
    {
        ref byte position = ref MemoryMarshal.GetReference(bytes);
        int left = bytes.Length;
        if (left >= 64) sum += SumOfVectors(ref position, left & ~31);
        position = ref Unsafe.Add(ref position, left >= 64 ? left & ~31 : 0);
        left = left >= 64 ? left & 31 : left;
        for (; left >= 4; left -= 4)
        {
            sum += Unsafe.ReadUnaligned<uint>(ref position);
            position = ref Unsafe.Add(ref position, 4);
        }
        if ((left & 2) != 0)
        {
            sum += Unsafe.ReadUnaligned<ushort>(ref position);
            position = ref Unsafe.Add(ref position, 2);
        }
        if ((left & 1) != 0) sum += position;
        return Fold(sum);
    }

    /// <summary>The frame check sequence of a frame, as the four bytes at its end read little-endian (IEEE 802.3, 3.2.9).</summary>
    internal static uint Fcs(ReadOnlySpan<byte> frame)
    {
        ReadOnlySpan<uint> tables = s_fcsTables;
        uint crc = uint.MaxValue;
        for (; frame.Length >= 8; frame = frame[8..])
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(frame) ^ crc;
            crc = 0;
            for (int i = 0; i < 8; i++) crc ^= tables[(7 - i) * 256 + (byte)(word >> (8 * i))];
        }
        foreach (byte next in frame) crc = tables[(byte)(crc ^ next)] ^ crc >> 8;
        return ~crc;
    }

    /// <summary>CRC-32C of an SCTP packet whose checksum field counts as zero (RFC 9260, appendix A).</summary>
    internal static uint Sctp(ReadOnlySpan<byte> packet)
    {
        uint crc = BitOperations.Crc32C(uint.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(packet));
        crc = BitOperations.Crc32C(crc, 0u);
        foreach (byte next in packet[12..]) crc = BitOperations.Crc32C(crc, next);
        return ~crc;
    }

    private static ulong SumOfVectors(ref byte start, int length)
    {
        var sums = Vector256<ulong>.Zero;
        for (int offset = 0; offset < length; offset += 32)
        {
            var words = Vector256.LoadUnsafe(ref start, (nuint)offset).AsUInt32();
            var (low, high) = Vector256.Widen(words);
            sums += low + high;
        }
        return Vector256.Sum(sums);
    }

    private static uint Fold(ulong sum)
    {
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        sum = (sum & 0xFFFF) + (sum >> 16 & 0xFFFF) + (sum >> 32);
        sum = (sum & 0xFFFF) + (sum >> 16);
        return (uint)((sum & 0xFFFF) + (sum >> 16));
    }

    private static uint[] MakeFcsTables()
    {
        var tables = new uint[8 * 256];
        for (uint value = 0; value < 256; value++)
        {
            uint crc = value;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ FcsPolynomial : crc >> 1;
            tables[value] = crc;
        }
        for (int i = 256; i < tables.Length; i++) tables[i] = tables[i - 256] >> 8 ^ tables[(byte)tables[i - 256]];
        return tables;
    }
}
