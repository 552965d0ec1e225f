using System.Buffers.Binary;

namespace Ixy.Simulation.Wires;

/// <summary>The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words.</summary>
internal static class InternetChecksum
{
    /// <summary>Adds the big-endian words of <paramref name="bytes"/> to a sum; an odd last byte is a word's upper half.</summary>
    internal static uint Add(uint sum, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length > 1; bytes = bytes[2..]) sum = Fold(sum + BinaryPrimitives.ReadUInt16BigEndian(bytes));
        return bytes.IsEmpty ? sum : Fold(sum + ((uint)bytes[0] << 8));
    }

    /// <summary>The checksum of a sum.</summary>
    internal static ushort Finish(uint sum) => (ushort)~Fold(Fold(sum));

    private static uint Fold(uint sum) => (sum & 0xFFFF) + (sum >> 16);
}
