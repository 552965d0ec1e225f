using System.Numerics;

namespace Ixy;

/// <summary>How to open a <see cref="NetworkDevice"/>. The defaults just work.</summary>
public sealed record NetworkDeviceOptions
{
    /// <summary>
    /// Receive queues: 1 to 64. With several, RSS spreads flows over the first 16; a virtio-net device spreads them as it
    /// likes. Default 1.
    /// </summary>
    public int ReceiveQueues { get; init; } = 1;

    /// <summary>
    /// Of several receive queues of an ixgbe card, one whose ring is full drops its own frames (SRRCTL.Drop_En, datasheet 8.2.3.8.7).
    /// Otherwise they wait in the card's packet buffer of 512 KiB, which bridges some milliseconds, and every other queue waits
    /// behind them: right only where each queue has a thread that empties it. A single queue always waits. Default true.
    /// </summary>
    public bool FullQueueDrops { get; init; } = true;

    /// <summary>Transmit queues: 1 to 64. On virtio-net, where queues come in pairs, no more than receive queues. Default 1.</summary>
    public int TransmitQueues { get; init; } = 1;

    /// <summary>
    /// Descriptors of each ring: a power of two, 64 to 4,096. Default 512. A virtio-net device may limit it, and a legacy one
    /// chooses it itself.
    /// </summary>
    public int RingSize { get; init; } = 512;

    /// <summary>
    /// Longest frame that is received or sent, in bytes without the FCS: 64 to 15,864. Default 1,518, a full frame with a
    /// VLAN tag. A frame that has a VLAN tag (EtherType 8100), or gets one (<see cref="PacketFlags.InsertVlan"/>), may be four bytes
    /// longer. So what was received can be sent by any device with the same limit. A virtio-net device with an MTU may send less.
    /// Buffers are made large enough, unless <see cref="BufferSize"/> says otherwise.
    /// </summary>
    public int MaxFrameSize { get; init; } = 1518;

    /// <summary>
    /// Bytes of a receive buffer: a multiple of 1,024 up to 16,384. Default: 2,048, or more if a frame needs it. A longer frame
    /// is dropped on ixgbe, and put together from several buffers by copying on virtio-net, if the device can spread it.
    /// </summary>
    public int? BufferSize { get; init; }

    /// <summary>Buffers in the pool of each receive queue, at least twice <see cref="RingSize"/>. Default 4,096, or three times the ring.</summary>
    public int? PoolSize { get; init; }

    /// <summary>
    /// Makes the pools checked; see <see cref="PacketPoolOptions.Checked"/>. And the queues: two threads in one queue at once
    /// are reported with a <see cref="PacketMisuseException"/>. Null: as the AppContext switch says.
    /// </summary>
    public bool? CheckedPools { get; init; }

    /// <summary>Receives every frame, as a forwarder or a tester needs. Default true.</summary>
    public bool Promiscuous { get; init; } = true;

    /// <summary>
    /// How flows are spread over receive queues. Default, null: where there are several, with <see cref="RssOptions"/>'s defaults
    /// on ixgbe, and as the device likes on virtio-net. If it is given, a single queue has its packets hashed, too, and a
    /// virtio-net device has to offer VIRTIO_NET_F_RSS.
    /// </summary>
    public RssOptions? Rss { get; init; }

    /// <summary>
    /// What the device does to frames on their way, next to moving them; see there which device can do what. Default none:
    /// frames go through as they are, and <see cref="Packet.Flags"/> stay empty.
    /// </summary>
    public Offloads Offloads { get; init; }

    /// <summary>
    /// Gives every receive queue an interrupt (MSI-X), so that a thread that waits for packets can sleep: see
    /// <see cref="ReceiveQueue.Receive(Span{Packet}, TimeSpan)"/> and <see cref="QueueWaiter"/>. Not through sysfs, which has no
    /// interrupts. Default false.
    /// </summary>
    public bool Interrupts { get; init; }

    /// <summary>
    /// Shortest time between two interrupts of a queue of an ixgbe card: 0 to 1,046 µs, rounded to units of 2.048 µs (EITR). What
    /// comes in between waits for its end. Default 10 µs. A virtio-net device has no such limit.
    /// </summary>
    public TimeSpan InterruptInterval { get; init; } = TimeSpan.FromMicroseconds(10);

    internal bool IsChecked => CheckedPools ?? PacketPoolOptions.CheckedByDefault;

    internal int EffectiveBufferSize => BufferSize ?? Math.Max(2048, (MaxFrameSize + FrameLengths.Tag + 1023) / 1024 * 1024);

    // Its own receive ring and another device's transmit ring hold buffers of one pool, and some are in hand.
    internal int EffectivePoolSize => PoolSize ?? Math.Max(4096, RingSize * 3);

    /// <summary>Throws if an option is out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is; the message names it and the range.</exception>
    public void Validate()
    {
        Check(ReceiveQueues is >= 1 and <= 64, nameof(ReceiveQueues), ReceiveQueues, "1 to 64 receive queues");
        Check(TransmitQueues is >= 1 and <= 64, nameof(TransmitQueues), TransmitQueues, "1 to 64 transmit queues");
        Check(BitOperations.IsPow2(RingSize) && RingSize is >= 64 and <= 4096, nameof(RingSize), RingSize,
            "a ring size that is a power of two from 64 to 4096");
        Check(MaxFrameSize is >= 64 and <= 15864, nameof(MaxFrameSize), MaxFrameSize, "a maximum frame size of 64 to 15864 bytes");
        // With a VLAN tag and the FCS that is 15.5 KB, the longest frame of an 82599 (7.2.3.2.4).
        int buffer = EffectiveBufferSize;
        Check(buffer is >= 1024 and <= 16384 && buffer % 1024 == 0, nameof(BufferSize), buffer,
            "a buffer size that is a multiple of 1024 up to 16384");
        Check(EffectivePoolSize >= 2 * RingSize && EffectivePoolSize <= 1 << 20, nameof(PoolSize), EffectivePoolSize,
            $"a pool of at least twice the ring size ({2 * RingSize}) and at most 1048576 buffers");
        Rss?.Validate(ReceiveQueues);
        Check((Offloads & ~Offloads.All) == 0, nameof(Offloads), (int)Offloads, $"offloads out of {Offloads.All}");
        Check(InterruptInterval >= TimeSpan.Zero && InterruptInterval <= TimeSpan.FromMicroseconds(1046), nameof(InterruptInterval),
            (int)Math.Clamp(InterruptInterval.TotalMicroseconds, int.MinValue, int.MaxValue), "an interrupt interval of 0 to 1046 µs");
    }

    private static void Check(bool valid, string option, int value, string expected)
    {
        if (!valid) throw new ArgumentOutOfRangeException(option, $"{value} is out of range: expected {expected}");
    }
}
