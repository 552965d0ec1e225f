namespace Ixy.Simulation.Virtio.Transmit;

/// <summary>From transmit queues to the wire (virtio 1.2, 5.1.6.2).</summary>
internal sealed class DeviceTransmitPath
{
    // A turn ends after this many packets, so that other cards and the receive path get theirs.
    private const int PacketsPerTurn = 64, PacketsPerQueue = 16;

    private readonly VirtioCard _card;
    private readonly DeviceTransmitQueue[] _queues;

    internal DeviceTransmitPath(VirtioCard card)
    {
        _card = card;
        _queues = new DeviceTransmitQueue[card.Options.QueuePairs];
        for (int pair = 0; pair < _queues.Length; pair++) _queues[pair] = new(card, card.Queues[2 * pair + 1], pair);
    }

    internal void Start()
    {
        foreach (var queue in _queues) queue.Start();
    }

    /// <summary>Takes packets from the rings in use, in turn; true if there were any.</summary>
    internal bool Poll(long now)
    {
        if (_card.Faults.Has(CardFault.TransmitHang)) return false;
        int pairs = _card.Pairs, sent = 0;
        int most = _card.Behaviour.Budget(pairs == 1 ? PacketsPerTurn : PacketsPerQueue);
        int first = _card.Behaviour.Choose(pairs, 0);
        for (int pair = first; pair < pairs; pair++) sent += _queues[pair].Process(now, most);
        for (int pair = 0; pair < first; pair++) sent += _queues[pair].Process(now, most);
        return sent > 0;
    }
}
