using System.Runtime.CompilerServices;

namespace Ixy.Simulation.Wires;

/// <summary>What a frame's number says about its path.</summary>
internal enum Arrival
{
    /// <summary>The highest number so far. Numbers skipped on the way to it are missing until they arrive.</summary>
    InOrder,

    /// <summary>Arrived for the first time, after a higher number (RFC 4737, section 3.3).</summary>
    Reordered,

    /// <summary>Arrived before.</summary>
    Duplicated,

    /// <summary>
    /// More than <see cref="SequenceTracker.Window"/> numbers late: whether it arrived before is forgotten.
    /// </summary>
    TooLate,
}

/// <summary>
/// Remembers which of the last <see cref="Window"/> numbers have arrived, one bit each; the next number in order costs
/// a compare and a store.
/// </summary>
internal sealed class SequenceTracker
{
    /// <summary>How many numbers, back from the highest, are remembered.</summary>
    internal const int Window = 1 << 16;

    private readonly ulong[] _seen = new ulong[Window / 64];
    private ulong _next;

    /// <summary>Records a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Arrival Add(ulong number)
    {
        if (number != _next) return AddOutOfOrder(number);
        _next = number + 1;
        WordOf(number) |= 1UL << (int)number; // the bit of the number Window before is forgotten
        return Arrival.InOrder;
    }

    private Arrival AddOutOfOrder(ulong number)
    {
        if (number > _next)
        {
            Forget(_next, number);
            WordOf(number) |= 1UL << (int)number;
            _next = number + 1;
            return Arrival.InOrder;
        }
        if (_next - number > Window) return Arrival.TooLate;
        ref ulong word = ref WordOf(number);
        ulong bit = 1UL << (int)number;
        if ((word & bit) != 0) return Arrival.Duplicated;
        word |= bit;
        return Arrival.Reordered;
    }

    // The numbers from start to before end are missing so far.
    private void Forget(ulong start, ulong end)
    {
        if (end - start >= Window)
        {
            Array.Clear(_seen);
            return;
        }
        while (start != end)
        {
            bool wholeWord = start % 64 == 0 && end - start >= 64;
            if (wholeWord) WordOf(start) = 0;
            else WordOf(start) &= ~(1UL << (int)start);
            start += wholeWord ? 64u : 1u;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong WordOf(ulong number) => ref _seen[number / 64 % (Window / 64)];
}
