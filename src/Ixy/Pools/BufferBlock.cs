using System.Runtime.InteropServices;

namespace Ixy.Pools;

/// <summary>
/// The free buffers that a receive queue caches, so that it goes to the pool once per block and not for each packet:
/// [Bottom, Top) are references, the warmest last. For the queue's thread.
/// </summary>
internal sealed unsafe partial class BufferBlock : IDisposable
{
    // Large enough to make the pool's lock cheap, small enough for the L1 cache: 1 KiB.
    private const int Largest = 128;

    private readonly PacketPool _pool;
    private readonly int _length;

    internal BufferBlock(PacketPool pool)
    {
        _pool = pool;
        _length = Math.Clamp(pool.Capacity / 16, 1, Largest);
        Top = Bottom = (ulong*)NativeMemory.AlignedAlloc(Largest * sizeof(ulong), 64);
        pool.AtHand = this;
    }

    /// <summary>For the hot loops: the next one to take is at Top - 1.</summary>
    internal ulong* Top, Bottom;

    internal int Count => (int)((ulong)((byte*)Top - (byte*)Bottom) / sizeof(ulong));

    /// <summary>
    /// Fetches the next block once all are used; false if there is nothing to do or the pool is empty.
    /// </summary>
    internal bool TryRefill()
    {
        if (Count > 0) return false;
        Top += _pool.Take(new(Bottom, _length));
        return Count > 0;
    }

    /// <summary>Gives all buffers back. Does nothing the second time.</summary>
    public void Dispose()
    {
        _pool.AtHand = null;
        PacketPool.Free(new ReadOnlySpan<ulong>(Bottom, Count));
        NativeMemory.AlignedFree(Bottom);
        Top = Bottom = null;
    }
}
