namespace Ixy.Captures.Buffering;

/// <summary>
/// Buffers that circulate between a thread that fills them and one that empties them. Their number is fixed at the
/// start, so neither memory nor delay grows. Taking and giving costs a lock, once per few thousand frames.
/// </summary>
internal sealed class BufferExchange<T>(IReadOnlyCollection<T> buffers) where T : class
{
    private readonly object _lock = new();
    // Last in, first out: reuses buffers that are in the processor's caches, or at least have been touched.
    private readonly Stack<T> _empty = new(buffers);
    private readonly Queue<T> _full = new(buffers.Count);
    private bool _isComplete;

    /// <summary>All buffers except the one being filled are empty: the emptying thread has nothing to do.</summary>
    internal bool IsIdle
    {
        get
        {
            lock (_lock) return _empty.Count == buffers.Count - 1;
        }
    }

    /// <summary>Takes an empty buffer; false if there is none now.</summary>
    internal bool TryTakeEmpty(out T? buffer)
    {
        lock (_lock) return _empty.TryPop(out buffer);
    }

    /// <summary>Waits for an empty buffer; null once <see cref="Complete"/> was called.</summary>
    internal T? TakeEmpty() => Take(() => _empty.TryPop(out var buffer) ? buffer : null, evenIfComplete: false);

    /// <summary>Takes a full buffer; false if there is none now.</summary>
    internal bool TryTakeFull(out T? buffer)
    {
        lock (_lock) return _full.TryDequeue(out buffer);
    }

    /// <summary>Waits for a full buffer; null if there is none and there will be no more.</summary>
    internal T? TakeFull() => Take(() => _full.TryDequeue(out var buffer) ? buffer : null, evenIfComplete: true);

    internal void GiveEmpty(T buffer)
    {
        lock (_lock)
        {
            _empty.Push(buffer);
            Monitor.PulseAll(_lock);
        }
    }

    internal void GiveFull(T buffer)
    {
        lock (_lock)
        {
            _full.Enqueue(buffer);
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>No more buffers will be filled.</summary>
    internal void Complete()
    {
        lock (_lock)
        {
            _isComplete = true;
            Monitor.PulseAll(_lock);
        }
    }

    private T? Take(Func<T?> tryTake, bool evenIfComplete)
    {
        lock (_lock)
        {
            while (true)
            {
                if (_isComplete && !evenIfComplete) return null;
                if (tryTake() is { } buffer) return buffer;
                if (_isComplete) return null;
                Monitor.Wait(_lock);
            }
        }
    }
}
