using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli.Output;

/// <summary>What a run's counters alone do not show: rings that do not drain, and why nothing may have moved.</summary>
internal static class Findings
{
    private const string NoLink = "it has no link";

    /// <summary>A sentence for each device with transmit rings that the card has stopped reading.</summary>
    internal static IEnumerable<string> StuckRings(
        IEnumerable<NetworkDevice> devices, IReadOnlyList<TransmitQueue> stuck) =>
        from device in devices
        let rings = device.TransmitQueues.Where(stuck.Contains).ToList()
        where rings.Count > 0
        select $"{device.Name}: its transmit ring does not empty: none of {rings.Sum(ring => ring.Pending):N0} packets "
            + "in it has left for a second; " +
            (device.Link.IsUp ? WhyStuck(device) : "its link is down");

    /// <summary>
    /// The user stopped the run before anything was measured: missing links are the only known reason why nothing
    /// moved.
    /// </summary>
    internal static IEnumerable<string> StoppedEarly(IEnumerable<NetworkDevice> devices) =>
    [
        "stopped before the measured time began",
        .. devices.Where(device => !device.Link.IsUp).Select(device => $"{device.Name}: {NoLink}"),
    ];

    /// <summary>If no card moved anything: a sentence about that, and one for each device.</summary>
    internal static IEnumerable<string> NothingMoved(
        string command, IReadOnlyList<NetworkDevice> devices, IReadOnlyList<DeviceStatistics> counted)
    {
        if (counted.Any(count => count.RxPackets != 0 || count.TxPackets != 0)) yield break;
        yield return command is "fwd" or "pcap" ? "nothing moved: no card received a packet"
            : "nothing moved: the card sent no packet";
        for (int i = 0; i < devices.Count; i++)
        {
            if (Why(devices[i], counted[i], receives: command is "fwd" or "pcap") is { } why)
                yield return $"{devices[i].Name}: {why}";
        }
    }

    private static string? Why(NetworkDevice device, DeviceStatistics counted, bool receives)
    {
        if (!device.Link.IsUp) return NoLink;
        if (counted.RxMissed > 0)
            return $"{counted.RxMissed:N0} frames came, and the card had a descriptor for none: it may be unable to "
                + $"reach memory{HowToSee(device)}";
        if (counted.RxDropped > 0)
            return $"{counted.RxDropped:N0} frames came, and the driver dropped them all: no buffer was free, or they "
            + "did not fit into one";
        if (counted.RxCrcErrors + counted.RxLengthErrors > 0) return "only damaged frames came";
        return receives ? $"its link is up, and nothing came: {WhyNothingCame(device)}" : null;
    }

    private static string WhyNothingCame(NetworkDevice device) => device.PciDevice switch
    {
        SimulatedPciDevice => "the far end of its wire has nothing to send",
        VfioUserPciDevice => "the far end of its wire, in the card's process, has nothing to send",
        _ when !device.Promiscuous =>
        "nothing sends to its address, and it receives nothing else, or it cannot reach memory" + HowToSee(device),
        _ => "nothing sends, or it cannot reach memory" + HowToSee(device),
    };

    private static string WhyStuck(NetworkDevice device) =>
        $"the far end may have paused it (flow control), or it may be unable to reach memory{HowToSee(device)}";

    // Complaints by an IOMMU or the bus are in the kernel's log.
    private static string HowToSee(NetworkDevice device) =>
        device.PciDevice is SimulatedPciDevice ? "" : ": 'sudo dmesg | tail' may tell";
}
