using System.Runtime.InteropServices;

namespace Ixy.Pools;

/// <summary>
/// What the caches of a pool share: two lock-free stacks of blocks (Treiber), of those with buffers and of empty ones, and a
/// counter on which one block lies, to be swapped for another: most often who brings a full one finds an empty one, and who brings
/// an empty one a full one, so each needs one atomic operation. Last in, first out, so that warm buffers are used again. For any thread.
/// </summary>
/// <remarks>
/// The top of a stack is one word: number + 1 of the block in its low half, and a count of changes in its high half. So a block
/// that was taken and came back meanwhile is not mistaken for one that never left, but after exactly 2^32 changes.
/// </remarks>
internal sealed unsafe class BufferStore
{
    private readonly int _blockCapacity;
    private readonly Lock _growth = new();
    private nint[] _blocks = new nint[64];
    private int _blockCount;
    private PaddedWord _filled, _empty, _counter;

    /// <param name="blockCapacity">Buffers that fit into a block.</param>
    internal BufferStore(int blockCapacity)
    {
        _blockCapacity = blockCapacity;
        _counter.Value = (long)Grow();
    }

    /// <summary>There is a block with buffers, or was a moment ago.</summary>
    internal bool HasFilled => (int)Volatile.Read(ref _filled.Value) != 0 || ((BufferBlock*)Volatile.Read(ref _counter.Value))->Count > 0;

    /// <summary>Buffers in the store, and in what caches keep in reserve. Exact while nobody else is at work.</summary>
    internal int Count
    {
        get
        {
            lock (_growth)
            {
                int count = 0;
                foreach (nint block in _blocks.AsSpan(0, _blockCount)) count += Volatile.Read(ref ((BufferBlock*)block)->Count);
                return count;
            }
        }
    }

    /// <summary>A block without buffers.</summary>
    internal BufferBlock* TakeEmpty()
    {
        var block = TryPop(ref _empty.Value);
        return block != null ? block : Grow();
    }

    /// <summary>Takes a block back, with what its <see cref="BufferBlock.Count"/> says is in it.</summary>
    internal void Give(BufferBlock* block)
    {
        if (block->Count > 0) Push(ref _filled.Value, block);
        else Push(ref _empty.Value, block);
    }

    /// <summary>An empty block for one with buffers.</summary>
    internal BufferBlock* SwapForEmpty(BufferBlock* filled)
    {
        var found = Swap(filled);
        if (found->Count == 0) return found;
        Push(ref _filled.Value, found);
        return TakeEmpty();
    }

    /// <summary>A block with buffers for an empty one; the same one if there is none.</summary>
    internal BufferBlock* SwapForFilled(BufferBlock* empty)
    {
        var found = Swap(empty);
        if (found->Count > 0) return found;
        var filled = TryPop(ref _filled.Value);
        if (filled == null) return found;
        Push(ref _empty.Value, found);
        return filled;
    }

    /// <summary>Frees all blocks; nobody may have one any more.</summary>
    internal void Free()
    {
        lock (_growth)
        {
            foreach (nint block in _blocks.AsSpan(0, _blockCount)) NativeMemory.AlignedFree((void*)block);
            _blockCount = 0;
        }
    }

    // A full barrier: who takes the block sees what is in it.
    private BufferBlock* Swap(BufferBlock* block) => (BufferBlock*)Interlocked.Exchange(ref _counter.Value, (long)block);

    private static void Push(ref long stack, BufferBlock* block)
    {
        long top = Volatile.Read(ref stack);
        while (true)
        {
            block->Next = (int)top;
            long found = Interlocked.CompareExchange(ref stack, After(top, block->Index + 1), top);
            if (found == top) return;
            top = found;
        }
    }

    private BufferBlock* TryPop(ref long stack)
    {
        long top = Volatile.Read(ref stack);
        while ((int)top != 0)
        {
            var block = (BufferBlock*)Volatile.Read(ref _blocks)[(int)top - 1];
            // Another thread may have taken it, and even put it elsewhere: then the exchange fails.
            long found = Interlocked.CompareExchange(ref stack, After(top, block->Next), top);
            if (found == top) return block;
            top = found;
        }
        return null;
    }

    private static long After(long top, int number) => (top & ~0xFFFF_FFFFL) + (1L << 32) | (uint)number;

    private BufferBlock* Grow()
    {
        lock (_growth)
        {
            if (_blockCount == _blocks.Length)
            {
                var larger = new nint[_blockCount * 2];
                _blocks.CopyTo(larger, 0);
                Volatile.Write(ref _blocks, larger);
            }
            var block = (BufferBlock*)NativeMemory.AlignedAlloc((nuint)(BufferBlock.HeaderLength + _blockCapacity * sizeof(ulong)), 128);
            *block = new BufferBlock { Index = _blockCount, Capacity = _blockCapacity };
            _blocks[_blockCount++] = (nint)block;
            return block;
        }
    }
}
