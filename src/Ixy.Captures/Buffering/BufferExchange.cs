namespace Ixy.Captures.Buffering;

/// <summary>
/// Buffers that go round between a thread that fills them and one that empties them. There are no more than were made
/// at the start, so neither memory nor delay grows. Taking and giving costs a lock, once for some thousand frames.
/// </summary>
internal sealed class BufferExchange<T>(IReadOnlyCollection<T> buffers) where T : class
{
    private readonly object _lock = new();
    // Last in, first out: what is in the processor's caches, and has been touched at all, is used again.
    private readonly Stack<T> _empty = new(buffers);
    private readonly Queue<T> _full = new(buffers.Count);
    private bool _isComplete;

    /// <summary>All buffers but one, which is being filled, are empty: who empties them has nothing to do.</summary>
    internal bool IsIdle
    {
        get
        {
            lock (_lock) return _empty.Count == buffers.Count - 1;
        }
    }

    /// <summary>An empty buffer; false if there is none now.</summary>
    internal bool TryTakeEmpty(out T? buffer)
    {
        lock (_lock) return _empty.TryPop(out buffer);
    }

    /// <summary>Waits for an empty buffer; null once <see cref="Complete"/> was called.</summary>
    internal T? TakeEmpty() => Take(() => _empty.TryPop(out var buffer) ? buffer : null, evenIfComplete: false);

    /// <summary>A full buffer; false if there is none now.</summary>
    internal bool TryTakeFull(out T? buffer)
    {
        lock (_lock) return _full.TryDequeue(out buffer);
    }

    /// <summary>Waits for a full buffer; null if there is none and will be none.</summary>
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
