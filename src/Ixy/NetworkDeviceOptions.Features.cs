namespace Ixy;

// What a plain forwarder does without. No property has an initializer: it would run for everybody.
public sealed partial record NetworkDeviceOptions
{
    private readonly bool _hasFeatures, _fullQueueWaits;
    private readonly TimeSpan? _interruptInterval;

    /// <summary>
    /// Of several receive queues of an ixgbe card, one whose ring is full drops its own frames (SRRCTL.Drop_En,
    /// datasheet 8.2.3.8.7). Otherwise they wait in the card's packet buffer of 512 KiB, which bridges some
    /// milliseconds, and every other queue waits behind them: right only where each queue has a thread that empties it.
    /// A single queue always waits. Default true.
    /// </summary>
    public bool FullQueueDrops { get => !_fullQueueWaits; init => _fullQueueWaits = !value; }

    /// <summary>
    /// How flows are spread over receive queues. Default, null: where there are several, with
    /// <see cref="RssOptions"/>'s defaults on ixgbe, and as the device likes on virtio-net. If it is given, a single
    /// queue has its packets hashed, too, and a virtio-net device has to offer VIRTIO_NET_F_RSS.
    /// </summary>
    public RssOptions? Rss { get; init => (field, _hasFeatures) = (value, true); }

    /// <summary>
    /// What the device does to frames on their way, next to moving them; see there which device can do what. Default
    /// none: frames go through as they are, and <see cref="Packet.Flags"/> stay empty.
    /// </summary>
    public Offloads Offloads { get; init => (field, _hasFeatures) = (value, true); }

    /// <summary>
    /// Gives every receive queue an interrupt (MSI-X), so that a thread that waits for packets can sleep: see
    /// <see cref="ReceiveQueue.Receive(Span{Packet}, TimeSpan)"/> and <see cref="QueueWaiter"/>. Not through sysfs,
    /// which has no interrupts. Default false.
    /// </summary>
    public bool Interrupts { get; init => (field, _hasFeatures) = (value, true); }

    /// <summary>
    /// Shortest time between two interrupts of a queue of an ixgbe card: 0 to 1,046 µs, rounded to units of 2.048 µs
    /// (EITR). What comes in between waits for its end. Default 10 µs. A virtio-net device has no such limit.
    /// </summary>
    public TimeSpan InterruptInterval
    {
        get => _interruptInterval ?? TimeSpan.FromMicroseconds(10);
        init => _interruptInterval = value;
    }
}
