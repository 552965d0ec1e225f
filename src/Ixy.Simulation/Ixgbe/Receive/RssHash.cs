using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>
/// The Toeplitz hash of receive side scaling (datasheet 7.1.2.8): every set bit of the input XORs in the 32 key bits
/// that start at its position. One table per input byte holds the results for its 256 values.
/// </summary>
internal sealed class RssHash
{
    internal const int KeyLength = 40;

    // Two IPv6 addresses and two ports.
    internal const int LongestInput = 36;

    private readonly uint[] _tables = new uint[LongestInput * 256];

    /// <summary>Prepares the tables for a key of 40 bytes.</summary>
    internal void SetKey(ReadOnlySpan<byte> key)
    {
        for (int position = 0; position < LongestInput; position++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                uint window = Window(key, position * 8 + 7 - bit);
                for (int value = 1 << bit; value < 2 << bit; value++)
                    _tables[position * 256 + value] = _tables[position * 256 + value - (1 << bit)] ^ window;
            }
        }
    }

    /// <summary>
    /// What input bytes contribute to the hash; the first is byte <paramref name="position"/> of the whole input.
    /// </summary>
    internal uint Add(ReadOnlySpan<byte> input, int position = 0)
    {
        if (position + input.Length > LongestInput) throw new ArgumentException("no RSS input is that long");
        uint hash = 0;
        ref uint table = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_tables), position * 256);
        foreach (byte next in input)
        {
            hash ^= Unsafe.Add(ref table, (int)next);
            table = ref Unsafe.Add(ref table, 256);
        }
        return hash;
    }

    private static uint Window(ReadOnlySpan<byte> key, int firstBit)
    {
        int first = firstBit / 8, shift = firstBit % 8;
        ulong bits = 0;
        for (int i = 0; i < 5; i++) bits = bits << 8 | (first + i < KeyLength ? key[first + i] : (byte)0);
        return (uint)(bits >> (8 - shift));
    }
}
