using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Ixy;

// The same as Free, for many buffers that nearly always belong to one pool.
public sealed unsafe partial class PacketPool
{
    /// <summary>Gives buffers back, each to its own pool.</summary>
    internal static void FreeTogether(ReadOnlySpan<ulong> buffers)
    {
        if (AreOfOnePool(buffers)) Find(buffers[0]).PutOwn(buffers);
        else Free(buffers);
    }

    // Compares the high bits of all with those of the first, eight at a time.
    private static bool AreOfOnePool(ReadOnlySpan<ulong> buffers)
    {
        const int Width = 8;
        if (buffers.IsEmpty || buffers.Length % Width != 0) return false;
        ref ulong start = ref MemoryMarshal.GetReference(buffers);
        var first = Vector256.Create(start);
        Vector256<ulong> low = default, high = default;
        for (nuint i = 0; i < (nuint)buffers.Length; i += Width)
        {
            low |= Vector256.LoadUnsafe(ref start, i) ^ first;
            high |= Vector256.LoadUnsafe(ref start, i + Width / 2) ^ first;
        }
        return ((low | high) >>> Packet.PoolShift) == Vector256<ulong>.Zero;
    }
}
