using System.Numerics;
using System.Runtime.CompilerServices;
using Ixy.Pools;

namespace Ixy;

/// <summary>Who has the free buffers: caches of threads and queues, with a store between them; and what is done under the gate.</summary>
public sealed unsafe partial class PacketPool
{
    // Under the gate, one buffer at a time: a pool too small to spread, one that waits for its last buffers; and any pool while
    // somebody claims the contents of its caches.
    private const int Uncached = 1, Disposed = 2, Claimed = 4, Released = 8;
    private const int SmallestCached = 256, LargestBlock = 256, SmallestBlock = 4, BlocksPerPool = 16;

    private readonly Lock _gate = new();
    private readonly BufferCache _shared = new(owner: null);
    private BufferCache? _caches;
    private int _state;

    /// <summary>Zero if a cache's owner may work on it; see <see cref="BufferCache"/>.</summary>
    internal int State => Volatile.Read(ref _state);

    internal BufferStore Store { get; }

    /// <summary>Makes a cache one of this pool. Not for hot loops; ends the caches of threads that are no more.</summary>
    internal void Attach(BufferCache cache, bool isClaimable)
    {
        lock (_gate)
        {
            DetachDead();
            cache.Bind(this, _caches, isClaimable);
            _caches = cache;
        }
    }

    /// <summary>A cache gives everything back and belongs to no pool any more. For its owner; nothing happens if it does not belong here.</summary>
    internal void Detach(BufferCache cache)
    {
        lock (_gate)
        {
            if (cache.Pool != this) return;
            DetachFromList(cache);
            ReleaseIfComplete();
        }
    }

    /// <summary>Brings what lies in caches to the store, but for receive queues' caches; false if the store is still empty.</summary>
    internal bool Gather()
    {
        lock (_gate)
        {
            if ((_state & Released) != 0) return false;
            _shared.Empty(Store);
            if (!HasCached()) return Store.HasFilled;
            Claim(Claimed);
            for (var cache = _caches; cache is not null; cache = cache.Next)
            {
                if (cache.IsClaimable) cache.Empty(Store);
            }
            _ = Interlocked.And(ref _state, ~Claimed);
            return Store.HasFilled;
        }
    }

    private static int BlockCapacityFor(int count) =>
        Math.Clamp((int)BitOperations.RoundUpToPowerOf2((uint)(count / BlocksPerPool)), SmallestBlock, LargestBlock);

    // How many of them are back: those of this pool at the beginning, as far as a block has room.
    private int Put(BufferCaches caches, ReadOnlySpan<Packet> packets)
    {
        int count = caches.Of(this).TryPut(this, packets);
        return count > 0 ? count : PutUnderGate(packets[0].Buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Put(BufferCaches caches, ulong* buffers, ulong* end)
    {
        int count = caches.Of(this).TryPut(this, buffers, end);
        return count > 0 ? count : PutUnderGate(*buffers);
    }

    private int Take(Span<Packet> batch)
    {
        int count = BufferCaches.OfThread.Of(this).TryTake(this, batch, (uint)_templateLength);
        return count >= 0 ? count : TakeUnderGate(batch);
    }

    private int TakeUnderGate(Span<Packet> batch)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf((_state & Disposed) != 0, this);
            return _shared.Take(Store, batch, (uint)_templateLength);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int PutUnderGate(ulong buffer)
    {
        lock (_gate)
        {
            // Where all pass here, one too many is noticed at once.
            if ((_state & (Uncached | Disposed)) != 0 && CountAvailable() >= Capacity) throw TooMany();
            int count = _shared.Put(this, &buffer, &buffer + 1);
            ReleaseIfComplete();
            return count;
        }
    }

    // Says something that makes owners stay out of their caches, and waits until nobody is in one. The gate is held.
    private void Claim(int why)
    {
        _ = Interlocked.Or(ref _state, why);
        // From here on each core has either seen that, or shown that it is at work.
        Interlocked.MemoryBarrierProcessWide();
        var spin = new SpinWait();
        for (var cache = _caches; cache is not null; cache = cache.Next)
        {
            while (cache.IsClaimable && cache.IsBusy) spin.SpinOnce();
        }
    }

    // A look from outside: what is just being put there, another look will find.
    private bool HasCached()
    {
        for (var cache = _caches; cache is not null; cache = cache.Next)
        {
            if (cache.IsClaimable && cache.HasBuffers) return true;
        }
        return false;
    }

    private int CountAvailable()
    {
        if ((_state & Released) != 0) return Capacity;
        int count = Store.Count;
        for (var cache = _caches; cache is not null; cache = cache.Next) count += cache.Stack->Count;
        return count;
    }

    private void DetachDead()
    {
        for (var cache = _caches; cache is not null;)
        {
            var next = cache.Next;
            if (cache.Owner is { IsAlive: false }) DetachFromList(cache);
            cache = next;
        }
    }

    private void DetachFromList(BufferCache cache)
    {
        cache.GiveBlocks(Store);
        _caches = BufferCache.Without(_caches, cache);
        cache.Unbind();
    }

    private void ReleaseIfComplete()
    {
        if ((_state & (Disposed | Released)) != Disposed || CountAvailable() != Capacity) return;
        _ = Interlocked.Or(ref _state, Released);
        for (var cache = _caches; cache is not null;)
        {
            // Once it is unbound, its owner may make it another pool's.
            var next = cache.Next;
            cache.Unbind();
            cache = next;
        }
        _caches = null;
        lock (s_lock) s_pools[Id] = null;
        Store.Free();
        _memory.Dispose();
    }

    private PacketMisuseException TooMany() => new($"a packet of {Options.Name} was given back twice: all {Capacity} are there already");
}
