using static Ixy.RegisterAccess;

namespace Ixy.Virtio;

/// <summary>
/// The registers the driver uses, from "Virtual I/O Device (VIRTIO) Version 1.2", by structure; offsets are relative to
/// their structure. Fields are declared next to their register: <c>Common.Status</c>, <c>Status_.DriverOk</c>. All are
/// little-endian and accessed with their own width (4.1.3.1). The names in a trace are those of the specification.
/// </summary>
public static class VirtioRegisters
{
#pragma warning disable CS1591 // Each row says what it is.
    /// <summary>Common configuration (4.1.4.3).</summary>
    public static class Common
    {
        public static readonly Register
            DeviceFeatureSelect = new(0x00, "Which half of the features the next shows", Name: "device_feature_select"),
            DeviceFeature = new(0x04, "Features of the device", Access: ReadOnly, Name: "device_feature"),
            DriverFeatureSelect = new(0x08, "Which half of the features the next is", Name: "driver_feature_select"),
            DriverFeature = new(0x0C, "Features that the driver accepts", Name: "driver_feature"),
            Status = new(0x14, "Device status (2.1)", Size: 1, Name: "device_status"),
            ConfigGeneration = new(0x15, "Changes when the device configuration does", Access: ReadOnly, Size: 1, Name: "config_generation"),
            QueueSelect = new(0x16, "The queue that the others are about", Size: 2, Name: "queue_select"),
            QueueSize = new(0x18, "The greatest size first; 0 if there is no such queue", Size: 2, Name: "queue_size"),
            QueueVector = new(0x1A, "The vector of its interrupts", Size: 2, Name: "queue_msix_vector"),
            QueueEnable = new(0x1C, "Enables it", Size: 2, Name: "queue_enable"),
            QueueNotifyOffset = new(0x1E, "In units of notify_off_multiplier", Access: ReadOnly, Size: 2, Name: "queue_notify_off"),
            QueueDescriptors = new(0x20, "Address of the descriptors, in two halves", Count: 2, Name: "queue_desc"),
            QueueDriver = new(0x28, "Address of the driver area, in two halves", Count: 2, Name: "queue_driver"),
            QueueDevice = new(0x30, "Address of the device area, in two halves", Count: 2, Name: "queue_device");

        public static IReadOnlyList<Register> All => field ??= Register.DeclaredIn(typeof(Common));
    }

    /// <summary>Legacy registers in I/O BAR 0 (4.1.4.10). The device configuration is behind them.</summary>
    public static class Legacy
    {
        /// <summary>Where the device configuration starts: without MSI-X, and while it is on.</summary>
        public const uint Config = 0x14, ConfigWithMsix = 0x18;

        public static readonly Register
            DeviceFeatures = new(0x00, "Features of the device", Access: ReadOnly, Name: "device_features"),
            DriverFeatures = new(0x04, "Features that the driver accepts", Name: "guest_features"),
            QueueAddress = new(0x08, "Where the queue is, in pages of 4 KiB", Name: "queue_address"),
            QueueSize = new(0x0C, "Its size", Access: ReadOnly, Size: 2, Name: "queue_size"),
            QueueSelect = new(0x0E, "The queue that the others are about", Size: 2, Name: "queue_select"),
            QueueNotify = new(0x10, "Tells the device of new buffers in a queue", Size: 2, Name: "queue_notify"),
            Status = new(0x12, "Device status (2.1)", Size: 1, Name: "device_status"),
            QueueVector = new(0x16, "The vector of its interrupts, while MSI-X is on", Size: 2, Name: "queue_msix_vector");

        public static IReadOnlyList<Register> All => field ??= Register.DeclaredIn(typeof(Legacy));
    }

    /// <summary>Device configuration of a network card (5.1.4).</summary>
    public static class Net
    {
        public static readonly Register
            Mac = new(0, "The card's address", Count: 6, Stride: 1, Size: 1, Name: "mac"),
            Status = new(6, "Link, with STATUS", Access: ReadOnly, Size: 2, Name: "status"),
            MaxQueuePairs = new(8, "With MQ or RSS", Access: ReadOnly, Size: 2, Name: "max_virtqueue_pairs"),
            Mtu = new(10, "With MTU", Access: ReadOnly, Size: 2, Name: "mtu"),
            Speed = new(12, "In Mbit/s, with SPEED_DUPLEX", Access: ReadOnly, Name: "speed"),
            MaxRssKeyLength = new(17, "With RSS", Access: ReadOnly, Size: 1, Name: "rss_max_key_size"),
            MaxRssTableLength = new(18, "With RSS", Access: ReadOnly, Size: 2, Name: "rss_max_indirection_table_length"),
            SupportedHashTypes = new(20, "With RSS", Access: ReadOnly, Name: "supported_hash_types");

        public static IReadOnlyList<Register> All => field ??= Register.DeclaredIn(typeof(Net));
    }

    /// <summary>Device status (2.1).</summary>
    public static class Status_ { public const byte Acknowledge = 1, Driver = 2, DriverOk = 4, FeaturesOk = 8, NeedsReset = 64; }

    /// <summary>Status of a network card (5.1.4).</summary>
    public static class LinkStatus_ { public const ushort Up = 1; }

    /// <summary>Speed of a network card (5.1.4); others are unknown.</summary>
    public static class Speed_ { public const uint Greatest = 0x7FFF_FFFF; }
#pragma warning restore CS1591
}
