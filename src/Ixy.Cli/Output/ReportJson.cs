using System.Text.Json.Serialization;

namespace Ixy.Cli.Output;

/// <summary>The output of <c>--json</c>; its properties have the names given here, in camel case.</summary>
/// <param name="Command">fwd, pktgen, pcap or replay.</param>
/// <param name="DurationSeconds">Of the measured part alone, without start, warm-up and draining.</param>
/// <param name="Devices">In the order of the command line.</param>
/// <param name="PacketsPerSecond">Packets given to all cards in the measured part, per second.</param>
/// <param name="AllocatedBytes">Managed memory the packet threads allocated in the measured part; null in virtual time,
/// which has no such threads.</param>
/// <param name="GcCollections">Garbage collections of the process in the measured part; null in virtual time.</param>
internal sealed record ReportJson(
    string Command, double DurationSeconds, IReadOnlyList<DeviceJson> Devices, double PacketsPerSecond,
    long? AllocatedBytes, int? GcCollections)
{
    /// <summary>
    /// What the numbers alone do not show, one sentence each: a card that is gone, which ended the run; a transmit ring
    /// that does not drain; that nothing moved, and a possible reason.
    /// </summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Only with <c>--virtual-time</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VirtualTimeJson? VirtualTime { get; init; }

    /// <summary>Only for <c>ixy pcap</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CaptureJson? Capture { get; init; }

    /// <summary>Only for <c>ixy replay</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ReplayJson? Replay { get; init; }
}

/// <summary>What a run in virtual time depends on, besides its command line's other options.</summary>
/// <param name="Seed">The seed of everything random.</param>
/// <param name="PacketNanoseconds">The cost of moving a packet.</param>
/// <param name="PollNanoseconds">The cost of a loop's round besides that.</param>
/// <param name="WakeNanoseconds">From an interrupt until a sleeping loop continued.</param>
internal sealed record VirtualTimeJson(ulong Seed, long PacketNanoseconds, long PollNanoseconds, long WakeNanoseconds);

/// <summary>What <c>ixy pcap</c> wrote.</summary>
/// <param name="File">As on the command line.</param>
/// <param name="Bytes">The file's length.</param>
/// <param name="Interfaces">One for each device, in the order of the command line, as in the file.</param>
/// <param name="Fault">Why the capture is incomplete; null if it is complete except for dropped packets.</param>
internal sealed record CaptureJson(string File, long Bytes, IReadOnlyList<CapturedJson> Interfaces, string? Fault);

/// <summary>A device of a capture.</summary>
/// <param name="Device">The specifier.</param>
/// <param name="Received">Packets received for the capture: those written and those dropped.</param>
/// <param name="Written">Packets in the file.</param>
/// <param name="Dropped">Packets missing from it: the disk was too slow, or failed.</param>
/// <param name="AfterEnd">Packets that arrived after the capture was over.</param>
internal sealed record CapturedJson(string Device, long Received, long Written, long Dropped, long AfterEnd);

/// <summary>What <c>ixy replay</c> sent.</summary>
/// <param name="File">As on the command line.</param>
/// <param name="Sent">Packets given to the card.</param>
/// <param name="TooLong">Not sent: longer than the device can send.</param>
/// <param name="TooShort">Not sent: shorter than an Ethernet header.</param>
/// <param name="Padded">Of those sent: truncated when captured, and padded with zeros.</param>
/// <param name="Fault">Why the file was not sent to its end; null if it was, or if something else ended the
/// replay.</param>
internal sealed record ReplayJson(string File, long Sent, long TooLong, long TooShort, long Padded, string? Fault);

/// <summary>
/// A device: its card's counters from the start of the measured part (for a capture, from its opening) until it was
/// drained. Bytes are without FCS.
/// </summary>
/// <param name="Device">The specifier.</param>
/// <param name="Driver">The driver's name.</param>
/// <param name="RxPackets">Good packets the card received.</param>
/// <param name="TxPackets">Packets the card sent.</param>
/// <param name="RxBytes">Bytes received.</param>
/// <param name="TxBytes">Bytes sent.</param>
/// <param name="RxDropped">Arrived, but lost: <paramref name="RxMissed"/> and what the driver dropped.</param>
/// <param name="RxMissed">Of these, those the card dropped: no descriptor free, or its packet buffer full.</param>
/// <param name="TxDropped">To be sent, but lost: <paramref name="TxRefused"/> and those still waiting for room in the
/// transmit ring at the end.</param>
/// <param name="TxRefused">Of these, those the device cannot send: too long, too short.</param>
/// <param name="RxErrors">Frames with a wrong FCS or length.</param>
/// <param name="Wire">Seen from the far end; null for a card that is not simulated.</param>
/// <param name="Violations">Datasheet rules that the driver broke, at most the first hundred; for a simulated card
/// only.</param>
/// <param name="ViolationCount">How many there were in total.</param>
internal sealed record DeviceJson(
    string Device, string Driver, long RxPackets, long TxPackets, long RxBytes, long TxBytes,
    long RxDropped, long RxMissed, long TxDropped, long TxRefused, long RxErrors,
    WireJson? Wire, IReadOnlyList<string> Violations, long ViolationCount)
{
    /// <summary>
    /// What the driver did that breaks no rule but is worth knowing, at most a hundred; for a simulated card only.
    /// </summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>
/// A simulated wire, seen from the far end. See <see cref="Simulation.Wires.WireStatistics"/> for what it counts.
/// </summary>
internal sealed record WireJson(
    long Sent, long Received, long Lost, long Reordered, long Duplicated, long Corrupted, long Foreign, long Dropped,
    string? Fault);

/// <summary>What <c>ixy sim --json</c> prints.</summary>
/// <param name="Command">sim.</param>
/// <param name="DurationSeconds">From the start until the end was requested.</param>
/// <param name="Device">The card's specifier.</param>
/// <param name="Socket">Where clients connected to it.</param>
/// <param name="Clients">How many there were, one after another.</param>
/// <param name="LinkUp">Whether the port had a link at the end.</param>
/// <param name="Wire">Seen from the far end.</param>
/// <param name="Violations">Datasheet rules that drivers broke, at most the first hundred.</param>
/// <param name="ViolationCount">How many there were in total.</param>
internal sealed record CardReportJson(
    string Command, double DurationSeconds, string Device, string Socket, int Clients, bool LinkUp,
    WireJson Wire, IReadOnlyList<string> Violations, long ViolationCount)
{
    /// <summary>What drivers did that breaks no rule but is worth knowing, at most a hundred.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ReportJson))]
[JsonSerializable(typeof(CardReportJson))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;
