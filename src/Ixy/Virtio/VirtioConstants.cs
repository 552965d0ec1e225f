namespace Ixy.Virtio;

/// <summary>
/// What the driver needs from "Virtual I/O Device (VIRTIO) Version 1.2" besides registers and features.
/// </summary>
internal static class VirtioConstants
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

    internal const ushort NoVector = 0xFFFF; // VIRTIO_MSI_NO_VECTOR (4.1.5.1.2.1)

    // Header in front of every frame (5.1.6): flags, gso_type, hdr_len, gso_size, csum_start, csum_offset; then
    // num_buffers, except on a legacy device without mergeable buffers.
    internal const int HeaderLength = 12, ShortHeaderLength = 10;
    internal const int HeaderFlags = 0; // 8 bits
    internal const int HeaderChecksumStart = 6; // 16 bits, csum_start: where the device starts the sum
    internal const int HeaderChecksumOffset = 8; // 16 bits, csum_offset: where it stores the checksum, relative to that
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
