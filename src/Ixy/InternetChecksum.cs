using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Ixy;

/// <summary>
/// The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words. Thread-safe.
/// </summary>
public static class InternetChecksum
{
    /// <summary>Offset of the checksum in a UDP header.</summary>
    public const int UdpOffset = 6;

    /// <summary>
    /// One's complement sum of the 16-bit words as they are in memory, folded to 16 bits; an odd last byte counts as a
    /// word by itself. Correct data, including its checksum, sums to 0xFFFF in either byte order (RFC 1071).
    /// </summary>
    /// <param name="bytes">The bytes to sum.</param>
    /// <param name="sum">A sum to start from, such as a pseudo-header's.</param>
    public static uint Sum(ReadOnlySpan<byte> bytes, ulong sum = 0)
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

    /// <summary>The checksum for a sum, to be stored as is (little-endian).</summary>
    public static ushort Finish(uint sum) => (ushort)~sum;

    /// <summary>
    /// Completes a TCP or UDP checksum: the sum over a segment goes into the field at <paramref name="offset"/>, which
    /// already holds the pseudo-header's sum. In UDP, which is recognized by the offset, zero means "no checksum":
    /// there, and only there, a sum of zero is written as 0xFFFF, the same number (RFC 768; RFC 9293, 3.1, has no such
    /// exception).
    /// </summary>
    /// <param name="segment">Header and payload.</param>
    /// <param name="offset">Bytes from its start to the checksum field; <see cref="UdpOffset"/> for UDP.</param>
    public static void Complete(Span<byte> segment, int offset)
    {
        ushort sum = Finish(Sum(segment));
        BinaryPrimitives.WriteUInt16LittleEndian(
            segment[offset..], sum == 0 && offset == UdpOffset ? ushort.MaxValue : sum);
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
}
