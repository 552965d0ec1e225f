using System.Text.Json.Serialization;

namespace Ixy.Cli.Output;

/// <summary>What <c>--json</c> prints; the names in the object are those here in camel case.</summary>
/// <param name="Command">fwd, pktgen, pcap or replay.</param>
/// <param name="DurationSeconds">Of the measured part alone, without start, practice and draining.</param>
/// <param name="Devices">In the order of the command line.</param>
/// <param name="PacketsPerSecond">Packets given to all cards in the measured part, per second of it.</param>
/// <param name="AllocatedBytes">
/// Managed memory that the packet threads allocated in the measured part; null in virtual time, without such threads.
/// </param>
/// <param name="GcCollections">Garbage collections of the process in the measured part; null in virtual time.</param>
internal sealed record ReportJson(
    string Command, double DurationSeconds, IReadOnlyList<DeviceJson> Devices, double PacketsPerSecond,
    long? AllocatedBytes, int? GcCollections)
{
    /// <summary>
    /// What the numbers alone do not say, a sentence each: a card that has gone, so that the run ended; a transmit ring
    /// that does not empty; nothing moved, and why that may be.
    /// </summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>With <c>--virtual-time</c> only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VirtualTimeJson? VirtualTime { get; init; }

    /// <summary>Of <c>ixy pcap</c> only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CaptureJson? Capture { get; init; }

    /// <summary>Of <c>ixy replay</c> only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ReplayJson? Replay { get; init; }
}

/// <summary>What a run in virtual time follows from, beside its command line's other options.</summary>
/// <param name="Seed">Of all that was drawn.</param>
/// <param name="PacketNanoseconds">What it cost to move a packet.</param>
/// <param name="PollNanoseconds">What a round of a loop cost beside that.</param>
/// <param name="WakeNanoseconds">From an interrupt until a sleeping loop went on.</param>
internal sealed record VirtualTimeJson(ulong Seed, long PacketNanoseconds, long PollNanoseconds, long WakeNanoseconds);

/// <summary>What <c>ixy pcap</c> wrote.</summary>
/// <param name="File">As on the command line.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Interfaces">One for each device, in the order of the command line, as in the file.</param>
/// <param name="Fault">Why the capture is incomplete; null if it is complete, but for what was dropped.</param>
internal sealed record CaptureJson(string File, long Bytes, IReadOnlyList<CapturedJson> Interfaces, string? Fault);

/// <summary>A device of a capture.</summary>
/// <param name="Device">The specifier.</param>
/// <param name="Received">Packets received for the capture: those written and those dropped.</param>
/// <param name="Written">Packets in the file.</param>
/// <param name="Dropped">Packets that are missing in it: the disk was too slow, or failed.</param>
/// <param name="AfterEnd">Packets that came when the capture was over.</param>
internal sealed record CapturedJson(string Device, long Received, long Written, long Dropped, long AfterEnd);

/// <summary>What <c>ixy replay</c> sent.</summary>
/// <param name="File">As on the command line.</param>
/// <param name="Sent">Packets given to the card.</param>
/// <param name="TooLong">Left out: longer than the device sends.</param>
/// <param name="TooShort">Left out: shorter than an Ethernet header.</param>
/// <param name="Padded">Of those sent: cut when they were captured, and filled with zeroes.</param>
/// <param name="Fault">Why the file was not sent to its end; null if it was, or if something else ended the
/// replay.</param>
internal sealed record ReplayJson(string File, long Sent, long TooLong, long TooShort, long Padded, string? Fault);

/// <summary>
/// A device: its card's counters from the start of the measured part, in a capture from when it was opened, until it
/// ran dry. Bytes are without FCS.
/// </summary>
/// <param name="Device">The specifier.</param>
/// <param name="Driver">The driver's name.</param>
/// <param name="RxPackets">Good packets that the card received.</param>
/// <param name="TxPackets">Packets that the card sent.</param>
/// <param name="RxBytes">Bytes received.</param>
/// <param name="TxBytes">Bytes sent.</param>
/// <param name="RxDropped">Arrived, but lost: <paramref name="RxMissed"/> and what the driver dropped.</param>
/// <param name="RxMissed">Of these, what the card dropped: no descriptor free, or its packet buffer full.</param>
/// <param name="TxDropped">To be sent, but lost: <paramref name="TxRefused"/> and what still waited for room in the
/// transmit ring at the end.</param>
/// <param name="TxRefused">Of these, what the device cannot send: too long, too short.</param>
/// <param name="RxErrors">Frames with a wrong FCS or length.</param>
/// <param name="Wire">Seen from the far end; null for a card that is not simulated.</param>
/// <param name="Violations">Rules of the datasheet that the driver broke, at most the first hundred; a simulated card
/// only.</param>
/// <param name="ViolationCount">How many there were in all.</param>
internal sealed record DeviceJson(
    string Device, string Driver, long RxPackets, long TxPackets, long RxBytes, long TxBytes,
    long RxDropped, long RxMissed, long TxDropped, long TxRefused, long RxErrors,
    WireJson? Wire, IReadOnlyList<string> Violations, long ViolationCount)
{
    /// <summary>
    /// What the driver did that breaks no rule, but is worth knowing, at most a hundred; a simulated card only.
    /// </summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>
/// A simulated wire, from the far end's view. What it counts is told at <see cref="Simulation.Wires.WireStatistics"/>.
/// </summary>
internal sealed record WireJson(
    long Sent, long Received, long Lost, long Reordered, long Duplicated, long Corrupted, long Foreign, long Dropped,
    string? Fault);

/// <summary>What <c>ixy sim --json</c> prints.</summary>
/// <param name="Command">sim.</param>
/// <param name="DurationSeconds">From the start until the end was asked for.</param>
/// <param name="Device">The card's specifier.</param>
/// <param name="Socket">Where clients found it.</param>
/// <param name="Clients">How many there were, one after the other.</param>
/// <param name="LinkUp">The port had a link at the end.</param>
/// <param name="Wire">Seen from the far end.</param>
/// <param name="Violations">Rules of the datasheet that drivers broke, at most the first hundred.</param>
/// <param name="ViolationCount">How many there were in all.</param>
internal sealed record CardReportJson(
    string Command, double DurationSeconds, string Device, string Socket, int Clients, bool LinkUp,
    WireJson Wire, IReadOnlyList<string> Violations, long ViolationCount)
{
    /// <summary>What drivers did that breaks no rule, but is worth knowing, at most a hundred.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ReportJson))]
[JsonSerializable(typeof(CardReportJson))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;
