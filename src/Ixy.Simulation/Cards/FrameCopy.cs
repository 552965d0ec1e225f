using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Ixy.Simulation.Cards;

/// <summary>How a card writes a frame to memory.</summary>
internal static unsafe class FrameCopy
{
    /// <summary>Copies a frame to a buffer with enough room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void To(byte* buffer, ReadOnlySpan<byte> bytes)
    {
        ref byte source = ref MemoryMarshal.GetReference(bytes);
        if (bytes.Length is >= 32 and <= 64)
        {
            // Most frames are short: two moves that may overlap.
            var last = Vector256.LoadUnsafe(ref source, (nuint)bytes.Length - 32);
            Vector256.LoadUnsafe(ref source).Store(buffer);
            last.Store(buffer + bytes.Length - 32);
            return;
        }
        bytes.CopyTo(new Span<byte>(buffer, bytes.Length));
    }
}
