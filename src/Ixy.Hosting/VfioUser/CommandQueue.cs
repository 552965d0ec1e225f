using Ixy.Vfio.VfioUser;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// Commands received by one thread and executed in order by another. The reply that the device waits for may come after
/// them, so the receiver must go on reading: this limits the memory of waiting commands, not their number.
/// </summary>
internal sealed class CommandQueue
{
    /// <summary>How many bytes may wait.</summary>
    internal const long Most = 64 << 20;

    // What a message takes besides its payload; this also accounts for descriptors, of which a process has some
    // thousands.
    private const long OfMessage = 1 << 10, OfDescriptor = 256 << 10;

    private readonly Queue<(Message Message, long Weight)> _messages = [];
    private long _weight;
    private bool _isComplete;

    /// <summary>Adds a message, which belongs to the queue from now on; waits while there is too much.</summary>
    internal void Add(Message message)
    {
        long weight = OfMessage + message.Payload.Length + OfDescriptor * message.Descriptors.Count;
        lock (_messages)
        {
            while (_weight + weight > Most && _messages.Count > 0) Monitor.Wait(_messages);
            _messages.Enqueue((message, weight));
            _weight += weight;
            Monitor.PulseAll(_messages);
        }
    }

    /// <summary>No more messages will come.</summary>
    internal void Complete()
    {
        lock (_messages)
        {
            _isComplete = true;
            Monitor.PulseAll(_messages);
        }
    }

    /// <summary>
    /// Waits for the next message, which then belongs to the caller; null when all were taken and no more will come.
    /// </summary>
    internal Message? Take()
    {
        lock (_messages)
        {
            while (_messages.Count == 0 && !_isComplete) Monitor.Wait(_messages);
            if (!_messages.TryDequeue(out var next)) return null;
            _weight -= next.Weight;
            Monitor.PulseAll(_messages);
            return next.Message;
        }
    }
}
