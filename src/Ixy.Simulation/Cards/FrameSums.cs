using System.Buffers.Binary;
using System.Numerics;

namespace Ixy.Simulation.Cards;

/// <summary>The cyclic redundancy checks of frames and SCTP packets.</summary>
internal static class FrameSums
{
    private const uint FcsPolynomial = 0xEDB8_8320;

    // Eight tables of 256: the CRC of a byte followed by 0 to 7 zero bytes.
    private static readonly uint[] s_fcsTables = MakeFcsTables();

    /// <summary>
    /// The frame check sequence of a frame, as the four bytes at its end, read little-endian (IEEE 802.3, 3.2.9).
    /// </summary>
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
