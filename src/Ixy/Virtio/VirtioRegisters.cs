namespace Ixy.Virtio;

/// <summary>
/// The registers and fields the driver uses, from "Virtual I/O Device (VIRTIO) Version 1.2". Fields stand beside their
/// register: <c>Status</c>, <c>Status_.DriverOk</c>. All are little-endian, and accessed with their own width (4.1.3.1).
/// </summary>
internal static class VirtioRegisters
{
    // PCI (4.1.2)
    internal const ushort VendorId = 0x1AF4;
    internal const ushort TransitionalNetworkCard = 0x1000; // legacy, and modern if it has the capabilities
    internal const ushort ModernNetworkCard = 0x1041;

    // PCI capabilities (4.1.4), offsets in configuration space from the capability
    internal const byte VendorSpecificCapability = 0x09, MsixCapability = 0x11;
    internal const int CapType = 3; // 8 bits, cfg_type
    internal const int CapBar = 4; // 8 bits: 0 to 5, others are reserved
    internal const int CapOffset = 8; // 32 bits: where the structure is in the BAR
    internal const int CapLength = 12; // 32 bits
    internal const int CapNotifyMultiplier = 16; // 32 bits, notify_off_multiplier (4.1.4.4)
    internal static class CapType_ { internal const byte CommonConfig = 1, NotifyConfig = 2, DeviceConfig = 4; }

    // Common configuration (4.1.4.3)
    internal const uint DeviceFeatureSelect = 0x00; // 32 bits: which half of the features the next field shows
    internal const uint DeviceFeature = 0x04; // 32 bits
    internal const uint DriverFeatureSelect = 0x08; // 32 bits
    internal const uint DriverFeature = 0x0C; // 32 bits
    internal const uint Status = 0x14; // 8 bits, device_status (2.1)
    internal const uint ConfigGeneration = 0x15; // 8 bits: changes when the device configuration does
    internal const uint QueueSelect = 0x16; // 16 bits: the queue the next fields are about
    internal const uint QueueSize = 0x18; // 16 bits: the greatest size first; 0 if there is no such queue
    internal const uint QueueVector = 0x1A; // 16 bits, queue_msix_vector
    internal const uint QueueEnable = 0x1C; // 16 bits
    internal const uint QueueNotifyOffset = 0x1E; // 16 bits, in units of notify_off_multiplier
    internal const uint QueueDescriptors = 0x20; // 64 bits, in two halves
    internal const uint QueueDriver = 0x28; // 64 bits
    internal const uint QueueDevice = 0x30; // 64 bits

    // Legacy registers in I/O BAR 0 (4.1.4.10)
    internal const uint LegacyDeviceFeatures = 0x00; // 32 bits
    internal const uint LegacyDriverFeatures = 0x04; // 32 bits
    internal const uint LegacyQueueAddress = 0x08; // 32 bits: in pages of 4 KiB
    internal const uint LegacyQueueSize = 0x0C; // 16 bits, read-only
    internal const uint LegacyQueueSelect = 0x0E; // 16 bits
    internal const uint LegacyQueueNotify = 0x10; // 16 bits
    internal const uint LegacyStatus = 0x12; // 8 bits
    internal const uint LegacyQueueVector = 0x16; // 16 bits, while MSI-X is on
    internal const uint LegacyConfig = 0x14, LegacyConfigWithMsix = 0x18; // where the device configuration starts

    internal const ushort NoVector = 0xFFFF; // VIRTIO_MSI_NO_VECTOR (4.1.5.1.2.1)

    // Device status (2.1)
    internal static class Status_
    {
        internal const byte Acknowledge = 1, Driver = 2, DriverOk = 4, FeaturesOk = 8, NeedsReset = 64;
    }

    // Device configuration of a network card (5.1.4)
    internal const uint Mac = 0; // 6 bytes
    internal const uint LinkStatus = 6; // 16 bits, with STATUS
    internal const uint MaxQueuePairs = 8; // 16 bits, with MQ
    internal const uint Mtu = 10; // 16 bits, with MTU
    internal const uint Speed = 12; // 32 bits, Mbit/s, with SPEED_DUPLEX
    internal const uint MaxRssKeyLength = 17; // 8 bits, with RSS
    internal const uint MaxRssTableLength = 18; // 16 bits, with RSS
    internal const uint SupportedHashTypes = 20; // 32 bits, with RSS
    internal static class LinkStatus_ { internal const ushort Up = 1; }
    internal static class Speed_ { internal const uint Greatest = 0x7FFF_FFFF; }

    // Header in front of every frame (5.1.6): flags, gso_type, hdr_len, gso_size, csum_start, csum_offset; then, but not on a
    // legacy device without mergeable buffers, num_buffers.
    internal const int HeaderLength = 12, ShortHeaderLength = 10;
    internal const int HeaderFlags = 0; // 8 bits
    internal const int HeaderChecksumStart = 6; // 16 bits, csum_start: from where on the device sums up
    internal const int HeaderChecksumOffset = 8; // 16 bits, csum_offset: where it puts the checksum, from there
    internal const int HeaderBuffers = 10; // 16 bits, num_buffers: how many receive buffers the frame is spread over

    internal static class HeaderFlags_ { internal const byte NeedsChecksum = 1, DataValid = 2; }

    // Commands of the control queue (5.1.6.5), class in the low byte and command in the high one
    internal const ushort SetPromiscuous = 0 | 0 << 8; // 1 byte: on or off
    internal const ushort SetAllMulticast = 0 | 1 << 8; // 1 byte
    internal const ushort SetMacTable = 1 | 0 << 8; // unicast, then multicast: a count of 32 bits and as many addresses
    internal const ushort SetMacAddress = 1 | 1 << 8; // 6 bytes
    internal const ushort SetQueuePairs = 4 | 0 << 8; // 16 bits
    internal const ushort SetRss = 4 | 1 << 8; // struct virtio_net_rss_config (5.1.6.5.7.1)
    internal const byte CommandOk = 0;
}

/// <summary>Feature bits: of the network card (5.1.3), and of every device from 24 to 41 (6).</summary>
[Flags]
internal enum VirtioFeatures : ulong
{
    None = 0,
    Checksum = 1ul << 0,
    GuestChecksum = 1ul << 1,
    Mtu = 1ul << 3,
    Mac = 1ul << 5,
    MergeableBuffers = 1ul << 15,
    Status = 1ul << 16,
    ControlQueue = 1ul << 17,
    ControlReceive = 1ul << 18,
    MultiQueue = 1ul << 22,
    ControlMacAddress = 1ul << 23,
    AnyLayout = 1ul << 27,
    EventIndex = 1ul << 29,
    Version1 = 1ul << 32,
    AccessPlatform = 1ul << 33,
    RingPacked = 1ul << 34,
    OrderPlatform = 1ul << 36,
    Rss = 1ul << 60,
    SpeedDuplex = 1ul << 63,
}
