namespace Ixy.Cli;

/// <summary>
/// Tells a transmit ring that is busy from one that the card takes nothing from: the busy one is empty now and then, or
/// gives buffers back. On the thread of the queues.
/// </summary>
internal sealed class TransmitWatch
{
    // A look reads the card, which takes a message where it is in another process.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private readonly List<(TransmitQueue Queue, long Sent)> _suspects;
    private readonly TimeProvider _clock;
    private long _lookedAt;

    /// <param name="queues">Those to watch.</param>
    /// <param name="clock">That of their devices.</param>
    internal TransmitWatch(IEnumerable<TransmitQueue> queues, TimeProvider clock) =>
        (_suspects, _clock) = ([.. queues.Select(queue => (queue, Sent(queue)))], clock);

    /// <summary>Those of which nothing has been seen to leave so far.</summary>
    internal IReadOnlyList<TransmitQueue> Stuck => [.. _suspects.Select(suspect => suspect.Queue)];

    /// <summary>Looks at them, unless it just has.</summary>
    internal void Look()
    {
        if (_suspects.Count == 0 || _clock.GetElapsedTime(_lookedAt) < s_pause) return;
        _suspects.RemoveAll(suspect => suspect.Queue.IsDrained || Sent(suspect.Queue) > suspect.Sent);
        _lookedAt = _clock.GetTimestamp();
    }

    // Giving it nothing makes a queue take back what has been sent.
    private static long Sent(TransmitQueue queue)
    {
        queue.Transmit([]);
        return queue.Packets - queue.Pending;
    }
}
