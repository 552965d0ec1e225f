using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Ixy.Simulation.Wires;

/// <summary>
/// The payload of a numbered frame: pairs of a 64-bit word, derived from the frame's number and the position, and its
/// complement; at the end, where no pair fits, zeros.
/// </summary>
internal static class PayloadPattern
{
    internal const int PairLength = 16;

    // 2^64 / golden ratio: the words of neighbouring positions and numbers differ in about half of their bits.
    private const ulong Step = 0x9E37_79B9_7F4A_7C15;
    private const int VectorLength = 32; // two pairs

    // The second word of each pair is the complement.
    private static Vector256<ulong> Complements => Vector256.Create(0, ulong.MaxValue, 0, ulong.MaxValue);

    /// <summary>Writes all pairs that fit.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)] // the shortest frames, which have no such payload, shall not pay for it
    internal static void Write(Span<byte> payload, ulong number)
    {
        ref byte start = ref MemoryMarshal.GetReference(payload);
        var words = FirstWords(number);
        int at = 0;
        for (; at <= payload.Length - VectorLength; at += VectorLength)
        {
            (words ^ Complements).AsByte().StoreUnsafe(ref start, (nuint)at);
            words += Vector256.Create(unchecked(2 * Step));
        }
        if (at <= payload.Length - PairLength)
            (words ^ Complements).GetLower().AsByte().StoreUnsafe(ref start, (nuint)at);
    }

    /// <summary>0 if the payload is what <see cref="Write"/> produces, with zeros after the last pair.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static ulong Difference(ReadOnlySpan<byte> payload, ulong number)
    {
        ref byte start = ref MemoryMarshal.GetReference(payload);
        var words = FirstWords(number);
        var difference = Vector256<ulong>.Zero;
        int at = 0;
        for (; at <= payload.Length - VectorLength; at += VectorLength)
        {
            difference |= Vector256.LoadUnsafe(ref start, (nuint)at).AsUInt64() ^ words ^ Complements;
            words += Vector256.Create(unchecked(2 * Step));
        }
        if (at <= payload.Length - PairLength)
        {
            var pair = Vector128.LoadUnsafe(ref start, (nuint)at).AsUInt64() ^ (words ^ Complements).GetLower();
            difference |= pair.ToVector256();
            at += PairLength;
        }
        ulong rest = 0;
        foreach (byte zero in payload[at..]) rest |= zero;
        return rest | (difference == Vector256<ulong>.Zero ? 0u : 1u);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> FirstWords(ulong number)
    {
        ulong first = (number + 1) * Step, second = first + Step;
        return Vector256.Create(first, first, second, second);
    }
}
