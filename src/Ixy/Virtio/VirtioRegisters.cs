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
        private static readonly RegisterTable s_all = new();

        public static readonly Register
            DeviceFeatureSelect = s_all.Add(0x00, "Which half of the features the next shows", name: "device_feature_select"),
            DeviceFeature = s_all.Add(0x04, "Features of the device", access: ReadOnly, name: "device_feature"),
            DriverFeatureSelect = s_all.Add(0x08, "Which half of the features the next is", name: "driver_feature_select"),
            DriverFeature = s_all.Add(0x0C, "Features that the driver accepts", name: "driver_feature"),
            Status = s_all.Add(0x14, "Device status (2.1)", size: 1, name: "device_status"),
            ConfigGeneration = s_all.Add(0x15, "Changes when the device configuration does", access: ReadOnly, size: 1, name: "config_generation"),
            QueueSelect = s_all.Add(0x16, "The queue that the others are about", size: 2, name: "queue_select"),
            QueueSize = s_all.Add(0x18, "The greatest size first; 0 if there is no such queue", size: 2, name: "queue_size"),
            QueueVector = s_all.Add(0x1A, "The vector of its interrupts", size: 2, name: "queue_msix_vector"),
            QueueEnable = s_all.Add(0x1C, "Enables it", size: 2, name: "queue_enable"),
            QueueNotifyOffset = s_all.Add(0x1E, "In units of notify_off_multiplier", access: ReadOnly, size: 2, name: "queue_notify_off"),
            QueueDescriptors = s_all.Add(0x20, "Address of the descriptors, in two halves", count: 2, name: "queue_desc"),
            QueueDriver = s_all.Add(0x28, "Address of the driver area, in two halves", count: 2, name: "queue_driver"),
            QueueDevice = s_all.Add(0x30, "Address of the device area, in two halves", count: 2, name: "queue_device");

        public static IReadOnlyList<Register> All => s_all.Rows;
    }

    /// <summary>Legacy registers in I/O BAR 0 (4.1.4.10). The device configuration is behind them.</summary>
    public static class Legacy
    {
        /// <summary>Where the device configuration starts: without MSI-X, and while it is on.</summary>
        public const uint Config = 0x14, ConfigWithMsix = 0x18;

        private static readonly RegisterTable s_all = new();

        public static readonly Register
            DeviceFeatures = s_all.Add(0x00, "Features of the device", access: ReadOnly, name: "device_features"),
            DriverFeatures = s_all.Add(0x04, "Features that the driver accepts", name: "guest_features"),
            QueueAddress = s_all.Add(0x08, "Where the queue is, in pages of 4 KiB", name: "queue_address"),
            QueueSize = s_all.Add(0x0C, "Its size", access: ReadOnly, size: 2, name: "queue_size"),
            QueueSelect = s_all.Add(0x0E, "The queue that the others are about", size: 2, name: "queue_select"),
            QueueNotify = s_all.Add(0x10, "Tells the device of new buffers in a queue", size: 2, name: "queue_notify"),
            Status = s_all.Add(0x12, "Device status (2.1)", size: 1, name: "device_status"),
            QueueVector = s_all.Add(0x16, "The vector of its interrupts, while MSI-X is on", size: 2, name: "queue_msix_vector");

        public static IReadOnlyList<Register> All => s_all.Rows;
    }

    /// <summary>Device configuration of a network card (5.1.4).</summary>
    public static class Net
    {
        private static readonly RegisterTable s_all = new();

        public static readonly Register
            Mac = s_all.Add(0, "The card's address", count: 6, stride: 1, size: 1, name: "mac"),
            Status = s_all.Add(6, "Link, with STATUS", access: ReadOnly, size: 2, name: "status"),
            MaxQueuePairs = s_all.Add(8, "With MQ or RSS", access: ReadOnly, size: 2, name: "max_virtqueue_pairs"),
            Mtu = s_all.Add(10, "With MTU", access: ReadOnly, size: 2, name: "mtu"),
            Speed = s_all.Add(12, "In Mbit/s, with SPEED_DUPLEX", access: ReadOnly, name: "speed"),
            MaxRssKeyLength = s_all.Add(17, "With RSS", access: ReadOnly, size: 1, name: "rss_max_key_size"),
            MaxRssTableLength = s_all.Add(18, "With RSS", access: ReadOnly, size: 2, name: "rss_max_indirection_table_length"),
            SupportedHashTypes = s_all.Add(20, "With RSS", access: ReadOnly, name: "supported_hash_types");

        public static IReadOnlyList<Register> All => s_all.Rows;
    }

    /// <summary>Device status (2.1).</summary>
    public static class Status_ { public const byte Acknowledge = 1, Driver = 2, DriverOk = 4, FeaturesOk = 8, NeedsReset = 64; }

    /// <summary>Status of a network card (5.1.4).</summary>
    public static class LinkStatus_ { public const ushort Up = 1; }

    /// <summary>Speed of a network card (5.1.4); others are unknown.</summary>
    public static class Speed_ { public const uint Greatest = 0x7FFF_FFFF; }
#pragma warning restore CS1591
}
