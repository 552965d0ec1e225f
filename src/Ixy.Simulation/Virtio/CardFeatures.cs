using Ixy.Virtio;
using static Ixy.Virtio.VirtioFeatures;

namespace Ixy.Simulation.Virtio;

/// <summary>The features of a card, and their dependencies (virtio 1.2: 5.1.3, 6).</summary>
internal static class CardFeatures
{
    // Those that the driver here does not use.
    internal const VirtioFeatures ControlVlan = (VirtioFeatures)(1ul << 19),
        ControlReceiveExtra = (VirtioFeatures)(1ul << 20);
    internal const VirtioFeatures IndirectDescriptors = (VirtioFeatures)(1ul << 28);

    private const VirtioFeatures Legacy = (VirtioFeatures)uint.MaxValue;

    /// <summary>Names as in the specification, without their prefixes.</summary>
    internal static readonly IReadOnlyDictionary<string, VirtioFeatures> Names = new Dictionary<string, VirtioFeatures>
    {
        ["csum"] = Checksum,
        ["guest_csum"] = GuestChecksum,
        ["mtu"] = Mtu,
        ["mac"] = Mac,
        ["mrg_rxbuf"] = MergeableBuffers,
        ["status"] = Status,
        ["ctrl_vq"] = VirtioFeatures.ControlQueue,
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

    // Each on the left needs the one on the right (5.1.3.1).
    private static readonly (VirtioFeatures Feature, VirtioFeatures Needed)[] s_dependencies =
    [
        (ControlReceive, VirtioFeatures.ControlQueue), (ControlVlan, VirtioFeatures.ControlQueue),
        (ControlReceiveExtra, VirtioFeatures.ControlQueue), (MultiQueue, VirtioFeatures.ControlQueue),
        (ControlMacAddress, VirtioFeatures.ControlQueue),
    ];

    /// <summary>What a card offers.</summary>
    internal static VirtioFeatures Offered(VirtioCardOptions options)
    {
        var features = Mac | MergeableBuffers | Status | VirtioFeatures.ControlQueue | ControlReceive | ControlVlan
            | ControlReceiveExtra | ControlMacAddress | IndirectDescriptors | EventIndex;
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

    /// <summary>A feature was accepted without one that it needs.</summary>
    internal static bool LacksDependency(VirtioFeatures features)
    {
        foreach (var (feature, needed) in s_dependencies)
        {
            if ((features & feature) != 0 && (features & needed) == 0) return true;
        }
        return false;
    }
}
