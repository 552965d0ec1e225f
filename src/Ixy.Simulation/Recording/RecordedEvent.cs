using Ixy.Hosting;
using Ixy.Vfio;

namespace Ixy.Simulation.Recording;

/// <summary>Something that happened to a card, as recorded by a <see cref="Recorder"/>.</summary>
/// <param name="Time">Nanoseconds since the recorder was created, on the card's clock.</param>
/// <param name="Card">The card's number in the recorder, from 0 in the order of opening.</param>
public abstract record RecordedEvent(long Time, int Card)
{
    /// <summary>What happened, in one line without time and card.</summary>
    public abstract string Text { get; }

    /// <summary>
    /// The place in the driver that did it, as in <c>IxgbeDevice.SetUp.cs:57</c>; null if the card acted, or it is not
    /// known.
    /// </summary>
    public string? Place => Site?.ToString();

    /// <summary>The same in full.</summary>
    internal virtual CallSite? Site => null;
}

/// <summary>Software accessed configuration space.</summary>
internal sealed record ConfigAccess(
    long Time, int Card, bool IsWrite, string Name, int Offset, uint Value, int Size, CallSite? Caller)
    : RecordedEvent(Time, Card)
{
    public override string Text =>
        $"{(IsWrite ? "write" : "read ")} config {Name} {(IsWrite ? "<-" : "->")} 0x{Value.ToString($"x{2 * Size}")}";

    internal override CallSite? Site => Caller;
}

/// <summary>Software accessed a register in a BAR.</summary>
internal sealed record BarAccess(
    long Time, int Card, bool IsWrite, NamedRegister Register, uint Value, int Size, CallSite? Caller)
    : RecordedEvent(Time, Card)
{
    public override string Text
    {
        get
        {
            string fields = string.Join(", ", Register.Fields.Select(part => part.Show(Value)).OfType<string>());
            return $"{(IsWrite ? "write" : "read ")} {Register.Name} {(IsWrite ? "<-" : "->")} "
                + $"0x{Value.ToString($"x{2 * Size}")}{(fields.Length > 0 ? $" ({fields})" : "")}"
                + (Register.Section.Length > 0 ? $" [{Register.Section}]" : "");
        }
    }

    internal override CallSite? Site => Caller;
}

/// <summary>The host reset the function.</summary>
internal sealed record HostReset(long Time, int Card) : RecordedEvent(Time, Card)
{
    public override string Text => "the function is reset";
}

/// <summary>Memory was mapped for the card, or unmapped.</summary>
internal sealed record MappingChange(long Time, int Card, bool IsMapped, ulong Address, ulong Length)
    : RecordedEvent(Time, Card)
{
    public override string Text =>
        $"memory {(IsMapped ? "mapped" : "unmapped")}: 0x{Address:x}, {Length >> 10} KiB";
}

/// <summary>The card uses a ring from now on, as set up.</summary>
internal sealed record RingStart(long Time, int Card, RecordedRing Ring, uint Head) : RecordedEvent(Time, Card)
{
    public override string Text =>
        $"{Ring.Name} starts: {Ring.Count} descriptors at 0x{Ring.Address:x}, head {Head}";
}

/// <summary>The card no longer uses a ring.</summary>
internal sealed record RingStop(long Time, int Card, RecordedRing Ring) : RecordedEvent(Time, Card)
{
    public override string Text => $"{Ring.Name} stops";
}

/// <summary>The driver gives descriptors to the card: those from the old tail up to the new one.</summary>
internal sealed record TailMove(long Time, int Card, RecordedRing Ring, uint From, uint To, uint Count)
    : RecordedEvent(Time, Card)
{
    public override string Text =>
        $"tail of {Ring.Name}: {From} -> {To}, {Count} {(Count == 1 ? "descriptor" : "descriptors")} for the card";
}

/// <summary>
/// The card reads a descriptor. A virtio descriptor may be the first of a chain, whose buffers are all here, and in a
/// packed ring takes that many places.
/// </summary>
internal sealed record DescriptorRead(
    long Time, int Card, RecordedRing Ring, uint Index, ulong Low, ulong High, DescriptorLayout Layout,
    uint Slots, IReadOnlyList<RecordedBuffer> Buffers) : RecordedEvent(Time, Card)
{
    public override string Text
    {
        get
        {
            string buffers = string.Join("", Buffers.Select(buffer => $", {buffer}"));
            return $"dma read  descriptor {Index} of {Ring.Name}: {Layout.Show(Low, High)}{buffers} [{Layout.Section}]";
        }
    }
}

/// <summary>
/// The card writes a descriptor back, and the one it had taken is the driver's again: the same place, except in a
/// packed ring whose buffers come back in a different order.
/// </summary>
internal sealed record DescriptorWrite(
    long Time, int Card, RecordedRing Ring, uint Index, uint Taken, ulong Low, ulong High, DescriptorLayout Layout)
    : RecordedEvent(Time, Card)
{
    public override string Text =>
        $"dma write descriptor {Index} of {Ring.Name}: {Layout.Show(Low, High)} [{Layout.Section}]";
}

/// <summary>The card reads or writes packet data, or reports its head to memory.</summary>
internal sealed record DataAccess(
    long Time, int Card, bool IsWrite, ulong Address, uint Length, string Purpose) : RecordedEvent(Time, Card)
{
    public override string Text =>
        $"dma {(IsWrite ? "write" : "read ")} {Length} bytes at 0x{Address:x} ({Purpose})";
}

/// <summary>A frame left the card, or arrived at it.</summary>
internal sealed record FramePassed(long Time, int Card, bool IsSent, RecordedFrame Frame, string Errors)
    : RecordedEvent(Time, Card)
{
    public override string Text =>
        $"wire {(IsSent ? "sent    " : "received")} {Frame.Length} bytes: {Frame.Summary}"
        + (Errors.Length > 0 ? $", with errors: {Errors}" : "");
}

/// <summary>An interrupt.</summary>
internal sealed record InterruptRaised(long Time, int Card, InterruptKind Kind, int Vector) : RecordedEvent(Time, Card)
{
    public override string Text => Kind switch
    {
        InterruptKind.Msix => $"interrupt: MSI-X vector {Vector}",
        InterruptKind.Msi => $"interrupt: MSI message {Vector}",
        _ => "interrupt: the INTx line",
    };
}

/// <summary>The link came up, or went down.</summary>
internal sealed record LinkChange(long Time, int Card, bool IsUp, int Mbps) : RecordedEvent(Time, Card)
{
    public override string Text => !IsUp ? "link down" : Mbps > 0 ? $"link up at {Mbps} Mbit/s" : "link up";
}

/// <summary>The driver broke a rule.</summary>
internal sealed record BrokenRule(long Time, int Card, RuleViolation Violation, CallSite? Caller)
    : RecordedEvent(Time, Card)
{
    public override string Text => $"BROKEN RULE {Violation}";

    internal override CallSite? Site => Caller;
}

/// <summary>
/// A buffer that the card may still use was given to a card again. No rule forbids that, and a buffer that is only read
/// may be sent twice at a time; but two frames cannot be received into the same place.
/// </summary>
internal sealed record BufferShared(
    long Time, int Card, RecordedRing Ring, uint Index, RecordedRing Other, uint OtherIndex, ulong Address)
    : RecordedEvent(Time, Card)
{
    public override string Text =>
        $"buffer 0x{Address:x} is in two descriptors at once: {Index} of {Ring.Name}, and {OtherIndex} of "
        + (Other.Card == Card ? Other.Name : $"{Other.Name} of card {Other.Card}");
}
