namespace Ixy.Cli;

/// <summary>
/// Tells a busy transmit ring from one that the card has stopped reading: a busy one is empty now and then, or gives
/// buffers back. For the queues' thread.
/// </summary>
internal sealed class TransmitWatch
{
    // A look reads the card, which takes a message if it is in another process.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private readonly List<(TransmitQueue Queue, long Sent)> _suspects;
    private readonly TimeProvider _clock;
    private long _lookedAt;

    /// <param name="queues">The queues to watch.</param>
    /// <param name="clock">Their devices' clock.</param>
    internal TransmitWatch(IEnumerable<TransmitQueue> queues, TimeProvider clock) =>
        (_suspects, _clock) = ([.. queues.Select(queue => (queue, Sent(queue)))], clock);

    /// <summary>The queues from which nothing has left so far.</summary>
    internal IReadOnlyList<TransmitQueue> Stuck => [.. _suspects.Select(suspect => suspect.Queue)];

    /// <summary>Looks at them, unless it has just done so.</summary>
    internal void Look()
    {
        if (_suspects.Count == 0 || _clock.GetElapsedTime(_lookedAt) < s_pause) return;
        _suspects.RemoveAll(suspect => suspect.Queue.IsDrained || Sent(suspect.Queue) > suspect.Sent);
        _lookedAt = _clock.GetTimestamp();
    }

    // Transmitting an empty batch makes a queue reclaim what has been sent.
    private static long Sent(TransmitQueue queue)
    {
        queue.Transmit([]);
        return queue.Packets - queue.Pending;
    }
}
