namespace Ixy;

/// <summary>How to open a <see cref="NetworkDevice"/>. The defaults just work.</summary>
public sealed partial record NetworkDeviceOptions
{
    internal const int TagLength = 4, FcsLength = 4;

    private readonly bool _hasFeatures;

    /// <summary>
    /// Receive queues: 1 to 64. With several, RSS spreads flows over the first 16; a virtio-net device spreads them as
    /// it likes. Default 1.
    /// </summary>
    public int ReceiveQueues { get; init; } = 1;

    /// <summary>
    /// Transmit queues: 1 to 64. On virtio-net, where queues come in pairs, at most as many as receive queues. Default
    /// 1.
    /// </summary>
    public int TransmitQueues { get; init; } = 1;

    /// <summary>
    /// Descriptors per ring: a power of two, 64 to 4,096. Default 512. A virtio-net device may limit it, and a legacy
    /// one chooses it itself.
    /// </summary>
    public int RingSize { get; init; } = 512;

    /// <summary>
    /// Longest frame that is received or sent, in bytes without the FCS: 64 to 15,864. Default 1,518, a full frame with
    /// a VLAN tag. A frame that has a VLAN tag (EtherType 8100), or gets one (<see cref="PacketFlags.InsertVlan"/>),
    /// may be four bytes longer. So what was received can be sent by any device with the same limit. A virtio-net
    /// device with an MTU may send less. Buffers are made large enough, unless <see cref="BufferSize"/> says otherwise.
    /// </summary>
    public int MaxFrameSize { get; init; } = 1518;

    /// <summary>
    /// Bytes of a receive buffer: a multiple of 1,024 up to 16,384. Default: 2,048, or more if a frame needs it. A
    /// longer frame is dropped on ixgbe; on virtio-net it is reassembled from several buffers by copying, if the device
    /// can spread it.
    /// </summary>
    public int? BufferSize { get; init; }

    /// <summary>
    /// Buffers in the pool of each receive queue, at least twice <see cref="RingSize"/>. Default 4,096, or three times
    /// the ring.
    /// </summary>
    public int? PoolSize { get; init; }

    /// <summary>
    /// Makes the pools checked (see <see cref="PacketPoolOptions.Checked"/>), and the queues: two threads in one queue
    /// at once get a <see cref="PacketMisuseException"/>. Null: use the AppContext switch.
    /// </summary>
    public bool? CheckedPools { get; init; }

    /// <summary>Receives every frame, as a forwarder or a tester needs. Default true.</summary>
    public bool Promiscuous { get; init; } = true;

    /// <summary>
    /// Requests only the core of a driver: one receive queue, and nothing from NetworkDeviceOptions.Features.cs.
    /// </summary>
    internal bool IsPlain => ReceiveQueues == 1 && !_hasFeatures;

    internal bool IsChecked => CheckedPools ?? PacketPoolOptions.CheckedByDefault;

    internal int EffectiveBufferSize => BufferSize ?? Math.Max(2048, (MaxFrameSize + TagLength + 1023) / 1024 * 1024);

    // A pool's buffers fill its own receive ring and another device's transmit ring, and the application holds some.
    internal int EffectivePoolSize => PoolSize ?? Math.Max(4096, RingSize * 3);
}
