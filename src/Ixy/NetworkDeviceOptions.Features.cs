namespace Ixy;

// Options a plain forwarder does not need. No property has an initializer, which would run for everyone.
public sealed partial record NetworkDeviceOptions
{
    private readonly bool _fullQueueWaits;
    private readonly TimeSpan? _interruptInterval;

    /// <summary>
    /// With several receive queues on an ixgbe card, a queue whose ring is full drops its own frames (SRRCTL.Drop_En,
    /// datasheet 8.2.3.8.7). If false, they wait in the card's packet buffer of 512 KiB, which lasts a few
    /// milliseconds, and every other queue waits behind them: choose that only if each queue has a thread that empties
    /// it. A single queue always waits. Default true.
    /// </summary>
    public bool FullQueueDrops { get => !_fullQueueWaits; init => _fullQueueWaits = !value; }

    /// <summary>
    /// How flows are spread over receive queues. Default null: with several queues, <see cref="RssOptions"/>'s defaults
    /// on ixgbe, and the device's own choice on virtio-net. If set, a single queue also gets its packets hashed, and a
    /// virtio-net device must offer VIRTIO_NET_F_RSS.
    /// </summary>
    public RssOptions? Rss { get; init => (field, _hasFeatures) = (value, true); }

    /// <summary>
    /// What the device does to frames besides moving them; <see cref="Ixy.Offloads"/> says which device can do what.
    /// Default none: frames pass through unchanged, and <see cref="Packet.Flags"/> stays empty.
    /// </summary>
    public Offloads Offloads { get; init => (field, _hasFeatures) = (value, true); }

    /// <summary>
    /// Gives every receive queue an interrupt (MSI-X), so a thread that waits for packets can sleep: see
    /// <see cref="ReceiveQueue.Receive(Span{Packet}, TimeSpan)"/> and <see cref="QueueWaiter"/>. Not available through
    /// sysfs, which has no interrupts. Default false.
    /// </summary>
    public bool Interrupts { get; init => (field, _hasFeatures) = (value, true); }

    /// <summary>
    /// Shortest time between two interrupts of a queue of an ixgbe card: 0 to 1,046 µs, rounded to units of 2.048 µs
    /// (EITR). Packets that arrive sooner wait until it is over. Default 10 µs. A virtio-net device has no such limit.
    /// </summary>
    public TimeSpan InterruptInterval
    {
        get => _interruptInterval ?? TimeSpan.FromMicroseconds(10);
        init => _interruptInterval = value;
    }
}
