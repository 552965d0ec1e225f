namespace Ixy.Simulation.Virtio;

/// <summary>Feature bits (virtio 1.2: 5.1.3 for the network device, 6 for all).</summary>
internal static class VirtioFeatures
{
    internal const ulong Checksum = 1ul << 0, GuestChecksum = 1ul << 1;
    internal const ulong Mtu = 1ul << 3, Mac = 1ul << 5, MergeableBuffers = 1ul << 15, Status = 1ul << 16;
    internal const ulong ControlQueue = 1ul << 17, ControlReceive = 1ul << 18, ControlVlan = 1ul << 19;
    internal const ulong ControlReceiveExtra = 1ul << 20, MultiQueue = 1ul << 22, ControlMacAddress = 1ul << 23;
    internal const ulong AnyLayout = 1ul << 27, IndirectDescriptors = 1ul << 28, EventIndex = 1ul << 29;
    internal const ulong Version1 = 1ul << 32, AccessPlatform = 1ul << 33, RingPacked = 1ul << 34;
    internal const ulong SpeedDuplex = 1ul << 63;

    private const ulong Legacy = (1ul << 32) - 1;

    /// <summary>Names as in the specification, without their prefixes.</summary>
    internal static readonly IReadOnlyDictionary<string, ulong> Names = new Dictionary<string, ulong>
    {
        ["csum"] = Checksum,
        ["guest_csum"] = GuestChecksum,
        ["mtu"] = Mtu,
        ["mac"] = Mac,
        ["mrg_rxbuf"] = MergeableBuffers,
        ["status"] = Status,
        ["ctrl_vq"] = ControlQueue,
        ["ctrl_rx"] = ControlReceive,
        ["ctrl_vlan"] = ControlVlan,
        ["ctrl_rx_extra"] = ControlReceiveExtra,
        ["mq"] = MultiQueue,
        ["ctrl_mac_addr"] = ControlMacAddress,
        ["any_layout"] = AnyLayout,
        ["indirect_desc"] = IndirectDescriptors,
        ["event_idx"] = EventIndex,
        ["version_1"] = Version1,
        ["access_platform"] = AccessPlatform,
        ["ring_packed"] = RingPacked,
        ["speed_duplex"] = SpeedDuplex,
    };

    // Each bit on the left needs the one on the right (5.1.3.1).
    private static readonly (ulong Feature, ulong Needed)[] s_dependencies =
    [
        (ControlReceive, ControlQueue), (ControlVlan, ControlQueue), (ControlReceiveExtra, ControlQueue),
        (MultiQueue, ControlQueue), (ControlMacAddress, ControlQueue),
    ];

    /// <summary>What a card offers.</summary>
    internal static ulong Offered(VirtioCardOptions options)
    {
        ulong features = Mac | MergeableBuffers | Status | ControlQueue | ControlReceive | ControlVlan | ControlReceiveExtra |
            ControlMacAddress | IndirectDescriptors | EventIndex;
        if (options.HasChecksums) features |= Checksum | GuestChecksum;
        if (options.Mtu != 0) features |= Mtu;
        if (options.QueuePairs > 1) features |= MultiQueue;
        features |= options.IsLegacy ? AnyLayout : Version1 | AccessPlatform | SpeedDuplex;
        if (options.IsPacked) features |= RingPacked;
        features &= ~options.Withheld;
        foreach (var (feature, needed) in s_dependencies)
        {
            if ((features & needed) == 0) features &= ~feature;
        }
        return options.IsLegacy ? features & Legacy : features;
    }

    /// <summary>Some feature is accepted without the one that it needs.</summary>
    internal static bool LacksDependency(ulong features)
    {
        foreach (var (feature, needed) in s_dependencies)
        {
            if ((features & feature) != 0 && (features & needed) == 0) return true;
        }
        return false;
    }
}
