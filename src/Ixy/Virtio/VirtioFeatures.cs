namespace Ixy.Virtio;

/// <summary>Feature bits of the network card (virtio 1.2, 5.1.3); bits 24 to 41 are for every device (6).</summary>
[Flags]
public enum VirtioFeatures : ulong
{
    /// <summary>No feature.</summary>
    None = 0,

    /// <summary>VIRTIO_NET_F_CSUM: the device completes checksums of frames it sends.</summary>
    Checksum = 1ul << 0,

    /// <summary>VIRTIO_NET_F_GUEST_CSUM: the driver accepts packets with partial checksums.</summary>
    GuestChecksum = 1ul << 1,

    /// <summary>VIRTIO_NET_F_MTU: the device reports the maximum packet size.</summary>
    Mtu = 1ul << 3,

    /// <summary>VIRTIO_NET_F_MAC: the device has an address.</summary>
    Mac = 1ul << 5,

    /// <summary>VIRTIO_NET_F_MRG_RXBUF: a frame may be spread over several receive buffers.</summary>
    MergeableBuffers = 1ul << 15,

    /// <summary>VIRTIO_NET_F_STATUS: the device reports whether the link is up.</summary>
    Status = 1ul << 16,

    /// <summary>VIRTIO_NET_F_CTRL_VQ: there is a control queue.</summary>
    ControlQueue = 1ul << 17,

    /// <summary>VIRTIO_NET_F_CTRL_RX: the control queue sets receive modes and filters.</summary>
    ControlReceive = 1ul << 18,

    /// <summary>VIRTIO_NET_F_MQ: several pairs of queues.</summary>
    MultiQueue = 1ul << 22,

    /// <summary>VIRTIO_NET_F_CTRL_MAC_ADDR: the control queue sets the address.</summary>
    ControlMacAddress = 1ul << 23,

    /// <summary>VIRTIO_F_ANY_LAYOUT: a legacy device takes buffers of any layout.</summary>
    AnyLayout = 1ul << 27,

    /// <summary>VIRTIO_F_EVENT_IDX: each side says at which position it should be notified.</summary>
    EventIndex = 1ul << 29,

    /// <summary>VIRTIO_F_VERSION_1: the device is a modern one.</summary>
    Version1 = 1ul << 32,

    /// <summary>VIRTIO_F_ACCESS_PLATFORM: the device's accesses go through the IOMMU.</summary>
    AccessPlatform = 1ul << 33,

    /// <summary>VIRTIO_F_RING_PACKED: packed rings.</summary>
    RingPacked = 1ul << 34,

    /// <summary>VIRTIO_F_ORDER_PLATFORM: barriers have to hold for a real device.</summary>
    OrderPlatform = 1ul << 36,

    /// <summary>VIRTIO_NET_F_RSS: the device spreads packets over queues by a hash.</summary>
    Rss = 1ul << 60,

    /// <summary>VIRTIO_NET_F_SPEED_DUPLEX: the device reports its speed.</summary>
    SpeedDuplex = 1ul << 63,
}
