using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Ixy.Pools;

/// <summary>The buffers at hand: [Bottom, Top) hold their references, and there is room up to Limit.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct BufferStack
{
    internal ulong* Top, Bottom, Limit;

    /// <summary>
    /// What they lie in; and a second block in reserve, full or empty, so that who swings between taking and giving back does not
    /// trouble the store each time. A queue does only the one or the other, and has none.
    /// </summary>
    internal BufferBlock* Block, Reserve;

    /// <summary>The owner is at work on it.</summary>
    internal int Busy;

    internal readonly int Count => (int)(Top - Bottom);
}

/// <summary>
/// Some free buffers of a pool, for one queue or one thread at a time: what it does here concerns no other thread, and only once
/// in a block's worth of buffers does it go to the pool's <see cref="BufferStore"/>.
/// </summary>
/// <remarks>
/// Nothing that lies in a cache is out of the pool's reach: when a pool runs dry, it takes the contents of all caches
/// (<see cref="PacketPool.Gather"/>). An owner therefore says when it is at work (Busy), and then looks whether the pool has
/// said that it claims the caches (<see cref="PacketPool.State"/>). Between the two a CPU may swap the store and the load; the
/// barrier that this needs is on the rare side: who claims makes all cores of the process pass one.
/// </remarks>
internal sealed unsafe class BufferCache
{
    private const int Alignment = 128;
    private readonly ulong[] _memory = GC.AllocateArray<ulong>(2 * Alignment / sizeof(ulong), pinned: true);
    private readonly BufferStack* _stack;
    private PacketPool? _pool;

    /// <param name="owner">The thread that uses it; null for a queue.</param>
    internal BufferCache(Thread? owner)
    {
        Owner = owner;
        // Two cache lines for itself, so that no other thread's writes meet it.
        nuint address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));
        _stack = (BufferStack*)((address + Alignment - 1) & ~(nuint)(Alignment - 1));
    }

    /// <summary>The pool whose buffers it holds; null before and after.</summary>
    internal PacketPool? Pool => Volatile.Read(ref _pool);

    internal Thread? Owner { get; }

    /// <summary>For a queue's hot loop: it moves Top down, and calls <see cref="TryRefill"/> when it meets Bottom.</summary>
    internal BufferStack* Stack => _stack;

    /// <summary>The next cache of the same pool.</summary>
    internal BufferCache? Next { get; private set; }

    /// <summary>The pool may claim its contents. Not those of a receive queue's, which does not say when it is at work.</summary>
    internal bool IsClaimable { get; private set; }

    /// <summary>There are buffers in it. For any thread, as of a moment ago.</summary>
    internal bool HasBuffers => _stack->Count > 0 || HasReserve;

    /// <summary>The owner is at work on it.</summary>
    internal bool IsBusy => Volatile.Read(ref _stack->Busy) != 0;

    private bool HasReserve => _stack->Reserve != null && _stack->Reserve->Count > 0;

    /// <summary>Becomes a cache of this pool, the first in its list. The caller has the pool's gate.</summary>
    internal void Bind(PacketPool pool, BufferCache? next, bool isClaimable)
    {
        (Next, IsClaimable) = (next, isClaimable);
        *_stack = default;
        Load(pool.Store.TakeEmpty());
        if (Owner is not null) _stack->Reserve = pool.Store.TakeEmpty();
        Volatile.Write(ref _pool, pool);
    }

    /// <summary>Is no cache any more, and its blocks are gone or given. The caller has the gate and has read <see cref="Next"/>.</summary>
    internal void Unbind()
    {
        Next = null;
        *_stack = default;
        Volatile.Write(ref _pool, null);
    }

    /// <summary>Leaves this one out of the list behind <paramref name="cache"/>.</summary>
    internal static BufferCache? Without(BufferCache? cache, BufferCache left)
    {
        if (cache == left) return left.Next;
        if (cache is not null) cache.Next = Without(cache.Next, left);
        return cache;
    }

    /// <summary>Gives all buffers to the store. The owner is not at work.</summary>
    internal void Empty(BufferStore store)
    {
        if (HasReserve) _stack->Reserve = store.SwapForEmpty(_stack->Reserve);
        if (_stack->Count == 0) return;
        Unload();
        Load(store.SwapForEmpty(_stack->Block));
    }

    /// <summary>Gives buffers and blocks to the store. The owner is not at work.</summary>
    internal void GiveBlocks(BufferStore store)
    {
        Unload();
        store.Give(_stack->Block);
        if (_stack->Reserve != null) store.Give(_stack->Reserve);
    }

    /// <summary>Begins work; false, and no work, if the pool wants it done under its gate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryEnter(PacketPool pool)
    {
        Volatile.Write(ref _stack->Busy, 1);
        if (pool.State == 0) return true;
        Leave();
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Leave() => Volatile.Write(ref _stack->Busy, 0);

    /// <summary>
    /// Takes buffers in, as far as they are of this pool and a block has room; there is room for one at least. The number taken:
    /// 0 if it is to be done under the gate.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int TryPut(PacketPool pool, ulong* buffers, ulong* end)
    {
        if (!TryEnter(pool)) return 0;
        int count = Put(pool, buffers, end);
        Leave();
        return count;
    }

    /// <summary>The same, of packets.</summary>
    internal int TryPut(PacketPool pool, ReadOnlySpan<Packet> packets)
    {
        if (!TryEnter(pool)) return 0;
        int count = Put(pool, packets);
        Leave();
        return count;
    }

    /// <summary>Fills packets with buffers, as far as there are any outside of other caches; -1 if it is to be done under the gate.</summary>
    internal int TryTake(PacketPool pool, Span<Packet> packets, uint length)
    {
        if (!TryEnter(pool)) return -1;
        int count = Take(pool.Store, packets, length);
        Leave();
        return count;
    }

    /// <summary>As <see cref="TryPut(PacketPool, ulong*, ulong*)"/>, for who may: the owner at work, or the gate's holder.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Put(PacketPool pool, ulong* buffers, ulong* end)
    {
        var stack = _stack;
        if (stack->Top == stack->Limit) MakeRoom(pool.Store);
        ulong id = pool.Id;
        ulong* from = buffers, top = stack->Top;
        // In bytes: a difference of pointers is divided by what they point to.
        nint room = (nint)stack->Limit - (nint)top;
        if ((nint)end - (nint)buffers > room) end = (ulong*)((nint)buffers + room);
        var mark = Vector256.Create(id << Packet.PoolShift);
        for (; buffers + 4 * Vector256<ulong>.Count <= end; buffers += 4 * Vector256<ulong>.Count, top += 4 * Vector256<ulong>.Count)
        {
            var (a, b, c, d) = (Vector256.Load(buffers), Vector256.Load(buffers + 4), Vector256.Load(buffers + 8), Vector256.Load(buffers + 12));
            // Nearly always all of one pool; where not, they go one by one.
            if (((a ^ mark | b ^ mark | c ^ mark | d ^ mark) >>> Packet.PoolShift) != Vector256<ulong>.Zero) break;
            a.Store(top);
            b.Store(top + 4);
            c.Store(top + 8);
            d.Store(top + 12);
        }
        for (; buffers < end && *buffers >> Packet.PoolShift == id; buffers++) *top++ = *buffers;
        stack->Top = top;
        return (int)(((nint)buffers - (nint)from) / sizeof(ulong));
    }

    /// <summary>The same, of packets.</summary>
    internal int Put(PacketPool pool, ReadOnlySpan<Packet> packets)
    {
        if (_stack->Top == _stack->Limit) MakeRoom(pool.Store);
        ulong id = pool.Id;
        var top = _stack->Top;
        int count = 0, most = (int)Math.Min(packets.Length, _stack->Limit - top);
        for (; count < most && packets[count].Buffer >> Packet.PoolShift == id; count++) *top++ = packets[count].Buffer;
        _stack->Top = top;
        return count;
    }

    /// <summary>Fills packets as <see cref="TryTake(PacketPool, Span{Packet}, uint)"/> does, for who may.</summary>
    internal int Take(BufferStore store, Span<Packet> packets, uint length)
    {
        int count = 0;
        while (count < packets.Length && (_stack->Count > 0 || TryFill(store)))
        {
            int next = Math.Min(packets.Length, count + _stack->Count);
            var top = _stack->Top;
            for (; count < next; count++) packets[count] = new Packet { Buffer = *--top, Metadata = length };
            _stack->Top = top;
        }
        return count;
    }

    /// <summary>Takes the next block of buffers, after all of the last one are used; false if the pool has none. For a receive queue.</summary>
    internal bool TryRefill() => _stack->Count == 0 && (TryFill(_pool!.Store) || (_pool.Gather() && TryFill(_pool.Store)));

    /// <summary>Has buffers at hand for the next time, if they are easily had. For a receive queue.</summary>
    internal void Prepare()
    {
        if (_stack->Count == 0) TryFill(_pool!.Store);
    }

    /// <summary>Takes one buffer; false if the pool has none. For a receive queue.</summary>
    internal bool TryTake(out ulong buffer)
    {
        bool can = _stack->Count > 0 || TryRefill();
        buffer = can ? *--_stack->Top : 0;
        return can;
    }

    /// <summary>Puts back what was just taken.</summary>
    internal void PutBack(ulong buffer) => *_stack->Top++ = buffer;

    // Takes a block from the store, or what is in reserve.
    private bool TryFill(BufferStore store)
    {
        if (_stack->Reserve == null)
        {
            Load(store.SwapForFilled(_stack->Block));
            return _stack->Count > 0;
        }
        if (_stack->Reserve->Count == 0) _stack->Reserve = store.SwapForFilled(_stack->Reserve);
        if (_stack->Reserve->Count == 0) return false;
        TurnOver();
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MakeRoom(BufferStore store)
    {
        if (_stack->Reserve == null)
        {
            Unload();
            Load(store.SwapForEmpty(_stack->Block));
            return;
        }
        if (_stack->Reserve->Count > 0) _stack->Reserve = store.SwapForEmpty(_stack->Reserve);
        TurnOver();
    }

    private void TurnOver()
    {
        var reserve = _stack->Reserve;
        Unload();
        _stack->Reserve = _stack->Block;
        Load(reserve);
    }

    private void Unload() => _stack->Block->Count = _stack->Count;

    private void Load(BufferBlock* block)
    {
        var buffers = BufferBlock.Buffers(block);
        _stack->Block = block;
        _stack->Bottom = buffers;
        _stack->Top = buffers + block->Count;
        _stack->Limit = buffers + block->Capacity;
        block->Count = 0;
    }
}
