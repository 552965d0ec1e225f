using Ixy.Virtio;

namespace Ixy.Simulation.Virtio.Receive;

/// <summary>From the wire through filter and steering into receive queues (virtio 1.2, 5.1.6.3 and 5.1.6.4).</summary>
internal sealed class DeviceReceivePath : IDisposable
{
    private const int FramesPerTurn = 32;
    private const int EthernetHeader = 14, LongestFrame = 65_535, TagStart = 12, TagLength = 4;

    private readonly VirtioCard _card;
    private readonly DeviceReceiveQueue[] _queues;
    private int _longest;

    internal DeviceReceivePath(VirtioCard card)
    {
        _card = card;
        _queues = new DeviceReceiveQueue[card.Options.QueuePairs];
        for (int pair = 0; pair < _queues.Length; pair++) _queues[pair] = new(card, card.Queues[2 * pair]);
    }

    /// <summary>Frames that found no room, or were too long or too short to be delivered.</summary>
    internal long Dropped { get; private set; }

    /// <summary>Frames wait for buffers. For any thread.</summary>
    internal bool HasWaiting => Array.Exists(_queues, queue => queue.HasWaiting);

    internal void CountDropped() => Dropped++;

    internal void Start()
    {
        // 5.1.4.1: nothing longer than the MTU, once it is negotiated.
        _longest = _card.Control.HasFeature(VirtioFeatures.Mtu) ? _card.Options.Mtu + EthernetHeader : LongestFrame;
        foreach (var queue in _queues) queue.Start(_longest);
    }

    /// <summary>Takes frames from the wire and writes them to the rings; true if there was anything to do.</summary>
    internal bool Poll(long now)
    {
        int pairs = _card.Pairs;
        bool busy = false, isWaiting = false;
        for (int pair = 0; pair < pairs; pair++)
        {
            busy |= _queues[pair].BeginTurn(now);
            isWaiting |= _queues[pair].HasWaiting;
        }
        if (_card.Net.IsLinkUp) busy |= TakeFromWire(now, pairs, isWaiting);
        for (int pair = 0; pair < pairs; pair++) _queues[pair].EndTurn(now);
        return busy;
    }

    /// <summary>Queues from this number up are no longer in use: frames waiting for them are dropped.</summary>
    internal void DropBeyond(int pairs)
    {
        for (int pair = pairs; pair < _queues.Length; pair++) _queues[pair].Clear();
    }

    internal void Reset()
    {
        foreach (var queue in _queues) queue.Clear();
    }

    public void Dispose()
    {
        foreach (var queue in _queues) queue.Dispose();
    }

    private bool TakeFromWire(long now, int pairs, bool isWaiting)
    {
        var wire = _card.Wire;
        bool waits = wire.WaitsForRoom;
        int most = _card.Behaviour.Budget(FramesPerTurn);
        for (int taken = 0; taken < most; taken++)
        {
            if (waits && isWaiting) return taken > 0;
            var frame = wire.Receive(now, out var errors);
            if (frame.IsEmpty) return taken > 0;
            // A virtual port does not pass on frames with any error.
            if (errors != 0 || frame.Length < EthernetHeader || frame.Length > Longest(frame)) Dropped++;
            else if (_card.Filter.Accepts(frame)) isWaiting |= Deliver(frame, pairs);
        }
        return true;
    }

    // An 802.1Q tag belongs to the header, not to what the MTU limits.
    private int Longest(ReadOnlySpan<byte> frame) =>
        frame[TagStart] == 0x81 && frame[TagStart + 1] == 0 ? _longest + TagLength : _longest;

    // True if the frame waits for a buffer.
    private bool Deliver(ReadOnlySpan<byte> frame, int pairs)
    {
        var queue = _queues[pairs == 1 ? 0 : _card.Steering.Select(frame, pairs)];
        if (queue.Deliver(frame)) return queue.HasWaiting;
        Dropped++;
        return queue.HasWaiting;
    }
}
