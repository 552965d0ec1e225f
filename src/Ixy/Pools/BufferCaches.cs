using System.Runtime.CompilerServices;

namespace Ixy.Pools;

/// <summary>
/// The caches of one user, a thread or a transmit queue: one for each pool whose buffers pass here. Not thread-safe. A thread's
/// need no end of their own: pools look after the caches of threads that have ended.
/// </summary>
internal sealed class BufferCaches : IDisposable
{
    // More are made as they are needed; these are there from the start, so that nothing is allocated among packets.
    private const int FirstCaches = 4;

    [ThreadStatic]
    private static BufferCaches? s_own;

    private readonly Thread? _thread;
    private BufferCache[] _caches;
    private BufferCache _last;

    /// <param name="thread">The thread they belong to; null for a queue.</param>
    internal BufferCaches(Thread? thread = null)
    {
        _thread = thread;
        _caches = [.. Enumerable.Range(0, FirstCaches).Select(_ => new BufferCache(thread))];
        _last = _caches[0];
    }

    /// <summary>Those of the calling thread.</summary>
    internal static BufferCaches OfThread => s_own ??= new(Thread.CurrentThread);

    /// <summary>The cache for a pool's buffers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal BufferCache Of(PacketPool pool) => _last.Pool == pool ? _last : Find(pool);

    /// <summary>Gives everything back to the pools.</summary>
    public void Dispose()
    {
        foreach (var cache in _caches) cache.Pool?.Detach(cache);
    }

    // No lambdas: this may happen among packets, and a closure is an allocation.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private BufferCache Find(PacketPool pool)
    {
        BufferCache? free = null;
        foreach (var cache in _caches)
        {
            var owner = cache.Pool;
            if (owner == pool) return _last = cache;
            if (owner is null) free ??= cache;
        }
        free ??= Add();
        pool.Attach(free, isClaimable: true);
        return _last = free;
    }

    private BufferCache Add()
    {
        var cache = new BufferCache(_thread);
        _caches = [.. _caches, cache];
        return cache;
    }
}
