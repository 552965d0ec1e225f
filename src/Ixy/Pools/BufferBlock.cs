using System.Runtime.InteropServices;

namespace Ixy.Pools;

/// <summary>
/// A handful of free buffers that changes hands as a whole: the header, and behind it, from the next cache line on, room for
/// the references. It lies in native memory that stays until the pool is gone, so any thread may look at a stale one.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = HeaderLength)]
internal unsafe struct BufferBlock
{
    internal const int HeaderLength = 64;

    /// <summary>Its number among the store's blocks, and how many buffers fit in.</summary>
    internal int Index, Capacity;

    /// <summary>Number + 1 of the block below it in the store's stack; 0 for none.</summary>
    internal int Next;

    /// <summary>Buffers in it. 0 while a cache works on it: that knows better.</summary>
    internal int Count;

    internal static ulong* Buffers(BufferBlock* block) => (ulong*)((byte*)block + HeaderLength);
}
