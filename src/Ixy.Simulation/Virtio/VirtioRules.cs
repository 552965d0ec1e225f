namespace Ixy.Simulation.Virtio;

/// <summary>A rule of the virtio specification, version 1.2, whose violation the card can detect.</summary>
internal sealed record VirtioRule(string Name, string Section, string Explanation)
{
    /// <summary>The rule for drivers of the legacy interface, if it is different.</summary>
    internal string LegacyExplanation { get; private init; } = Explanation;

    // Access
    internal static readonly VirtioRule AccessWidth = new("access-width", "4.1.3.1",
        "a field is accessed with its own width (the halves of a 64-bit field with 32 bits each)");
    internal static readonly VirtioRule ReadOnly = new("read-only", "4.1.4.3",
        "a field that only the device writes was written; the write is ignored");
    internal static readonly VirtioRule NoField = new("no-field", "4.1.4", "there is no field at this offset");
    internal static readonly VirtioRule WindowAccess = new("configuration-window", "4.1.4.9.2",
        "cap.length of the PCI configuration access capability must be 1, 2 or 4, and cap.offset a multiple of it "
        + "inside of a BAR");

    // Status and features
    internal static readonly VirtioRule StatusOrder = new("status-order", "3.1.1",
        "the driver sets ACKNOWLEDGE, DRIVER, FEATURES_OK and DRIVER_OK in this order, and FEATURES_OK has to stick")
    {
        LegacyExplanation = "the driver sets ACKNOWLEDGE, DRIVER and DRIVER_OK in this order",
    };
    internal static readonly VirtioRule StatusBitCleared = new("status-bit-cleared", "2.1.1",
        "the driver must not clear bits of the status; only writing 0 resets the device");
    internal static readonly VirtioRule StatusUnknown = new("status-unknown", "2.1", "the status has no such bit");
    internal static readonly VirtioRule ResetNotAwaited = new("reset-not-awaited", "4.1.4.3.2",
        "after writing 0 to the status the driver must wait until it reads 0, before it goes on");
    internal static readonly VirtioRule FeatureNotOffered = new("feature-not-offered", "2.2.1",
        "the driver accepted a feature that the device does not offer");
    internal static readonly VirtioRule FeatureDependency = new("feature-dependency", "5.1.3.1",
        "the driver accepted a feature without another one that it needs");
    internal static readonly VirtioRule FeatureMissing = new("feature-missing", "6.1",
        "the driver must accept VERSION_1 and ACCESS_PLATFORM where they are offered; this device does not work without");
    internal static readonly VirtioRule FeaturesTooLate = new("features-too-late", "3.1.1",
        "features were written after FEATURES_OK; the write is ignored")
    {
        LegacyExplanation = "features were written after DRIVER_OK; the write is ignored",
    };

    // Queue set-up
    internal static readonly VirtioRule QueueTooEarly = new("queue-before-features", "3.1.1",
        "queues are set up after FEATURES_OK, when the device knows how they are laid out");
    internal static readonly VirtioRule QueueTooLate = new("queue-after-driver-ok", "3.1.1",
        "queues are set up before DRIVER_OK");
    internal static readonly VirtioRule QueueWhileEnabled = new("queue-while-enabled", "4.1.4.3.2",
        "size and addresses of a queue must be set before it is enabled; the write is ignored");
    internal static readonly VirtioRule QueueDisabled = new("queue-enable-cleared", "4.1.4.3.2",
        "the driver must not write 0 to queue_enable: without RING_RESET only a reset of the device stops a queue");
    internal static readonly VirtioRule QueueMissing = new("queue-missing", "4.1.5.1.3",
        "there is no queue with this index");
    internal static readonly VirtioRule QueueSize = new("queue-size", "4.1.4.3.2",
        "the size must be 1 to the greatest one offered, and a power of two unless RING_PACKED is negotiated");
    internal static readonly VirtioRule RingUnaligned = new("ring-unaligned", "2.7, 2.8",
        "the descriptors are aligned to 16 bytes, the driver area of a split ring to 2 and all others to 4; the queue "
        + "is not enabled");
    internal static readonly VirtioRule RingNotSet = new("ring-not-set", "4.1.4.3.2",
        "the queue was enabled before its addresses were set; it is not enabled");
    internal static readonly VirtioRule VectorMissing = new("vector-missing", "4.1.5.1.2.1",
        "the MSI-X table has no such vector: the field reads NO_VECTOR");

    // Notifications
    internal static readonly VirtioRule NotifyTooEarly = new("notify-before-driver-ok", "3.1.1",
        "the driver must not notify the device before DRIVER_OK");
    internal static readonly VirtioRule NotifyDisabled = new("notify-of-disabled-queue", "4.1.5.2",
        "a queue was notified that is not enabled");
    internal static readonly VirtioRule NotifyUnused = new("notify-of-unused-pair", "5.1.6.5.6.1",
        "the driver must not use a transmit queue beyond the pairs that it asked for by VQ_PAIRS_SET; before, only the "
        + "first");
    internal static readonly VirtioRule PairNotConfigured = new("pair-not-configured", "5.1.6.5.6.1",
        "the driver must configure both queues of every pair before it asks for them by VQ_PAIRS_SET");
    internal static readonly VirtioRule NotifyValue = new("notify-value", "4.1.5.2",
        "without NOTIFICATION_DATA the driver writes the queue's index, 16 bits, to the queue's own address");

    // Rings
    internal static readonly VirtioRule AvailableIndex = new("available-index", "2.7.6",
        "the available index is ahead by more descriptor chains than the ring has entries, or went back");
    internal static readonly VirtioRule DescriptorIndex = new("descriptor-index", "2.7.5",
        "there is no descriptor with this index in the table");
    internal static readonly VirtioRule DescriptorLoop = new("descriptor-loop", "2.7.5.1",
        "the driver must not make a loop of descriptors");
    internal static readonly VirtioRule ChainTooLong = new("chain-too-long", "2.7.5.3.1, 2.8.20",
        "a chain must not have more descriptors than the queue has");
    internal static readonly VirtioRule ChainOpen = new("chain-open", "2.8.21",
        "a chain in a packed ring is made available as a whole: the descriptor that follows is not available");
    internal static readonly VirtioRule ChainTooLarge = new("chain-too-large", "2.7.4.1",
        "a chain must not have more than 2^32 bytes");
    internal static readonly VirtioRule WritableFirst = new("writable-before-readable", "2.7.4.2",
        "buffers that the device writes come after those that it reads");
    internal static readonly VirtioRule IndirectNotNegotiated = new("indirect-not-negotiated", "2.7.5.3.1",
        "an indirect descriptor was used without INDIRECT_DESC");
    internal static readonly VirtioRule IndirectNested = new("indirect-nested", "2.7.5.3.1",
        "an indirect table must not refer to another");
    internal static readonly VirtioRule IndirectAndNext = new("indirect-and-next", "2.7.5.3.1",
        "INDIRECT and NEXT must not be set both");
    internal static readonly VirtioRule IndirectLength = new("indirect-length", "2.7.5.3.2",
        "an indirect table has a length that is a multiple of 16 bytes, and not 0");
    internal static readonly VirtioRule EventFlags = new("event-flags", "2.8.10",
        "the flags of the driver's event suppression are 0, 1, or with EVENT_IDX 2");

    // Network device
    internal static readonly VirtioRule TransmitWritable = new("transmit-writable", "5.1.6.2",
        "a buffer of a transmit queue is for the device to read; what it may write is ignored");
    internal static readonly VirtioRule ReceiveReadable = new("receive-readable", "5.1.6.3",
        "a buffer of a receive queue is for the device to write only");
    internal static readonly VirtioRule HeaderShort = new("header-short", "5.1.6",
        "the chain is shorter than the header of a packet and an Ethernet header; it is dropped");
    internal static readonly VirtioRule HeaderFields = new("header-fields", "5.1.6.2.1",
        "gso_type and num_buffers of a packet to transmit are 0 without HOST_*, and so are the flags but for "
        + "NEEDS_CSUM with CSUM");
    internal static readonly VirtioRule ChecksumRange = new("checksum-range", "5.1.6.2.1",
        "csum_start and csum_offset of a packet with NEEDS_CSUM name a place outside of it; it is dropped");
    internal static readonly VirtioRule ChecksumBegun = new("checksum-begun", "5.1.6.2.1",
        "the checksum came out wrong: csum_start is where the TCP or UDP header begins, and the field holds the sum of "
        + "the pseudo-header");
    internal static readonly VirtioRule HeaderLayout = new("header-layout", "5.1.6.6",
        "a legacy driver without ANY_LAYOUT gives the header a descriptor of its own");
    internal static readonly VirtioRule PacketTooLong = new("packet-too-long", "5.1.4.2",
        "the packet is longer than the MTU and an Ethernet header; it is dropped");
    internal static readonly VirtioRule ReceiveBufferShort = new("receive-buffer-short", "5.1.6.3.1",
        "without MRG_RXBUF a receive buffer has room for 1526 bytes (with MTU for the largest packet), with it at "
        + "least for the header");

    // Control queue
    internal static readonly VirtioRule CommandFormat = new("command-format", "5.1.6.5",
        "a command has class, command and data for the device to read, and one byte for it to write");
    internal static readonly VirtioRule CommandNotNegotiated = new("command-not-negotiated", "5.1.6.5",
        "the feature that this command belongs to is not negotiated");
    internal static readonly VirtioRule CommandData =
        new("command-data", "5.1.6.5", "the data of the command make no sense");
}
