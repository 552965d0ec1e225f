namespace Ixy.Simulation.Recording;

/// <summary>The fields of a 16-byte descriptor, in one of its forms.</summary>
/// <param name="Name">The form.</param>
/// <param name="Section">Section of the datasheet or specification.</param>
/// <param name="LowFields">Fields of its first eight bytes.</param>
/// <param name="HighFields">Fields of its last eight bytes.</param>
internal sealed record DescriptorLayout(
    string Name, string Section, IReadOnlyList<BitField> LowFields, IReadOnlyList<BitField> HighFields)
{
    // The bit of an advanced transmit descriptor, and its type (7.2.3.2.2 to 7.2.3.2.4).
    private const uint Extended = 1u << 29, TypeMask = 0xFu << 20, ContextType = 2u << 20;

    internal static readonly DescriptorLayout
        ReceiveRead = Of("receive, for the card", "7.1.6.1", "0-63 packet buffer", "0 DD, 1-63 header buffer / 2"),
        ReceiveLegacyRead = Of("receive, legacy, for the card", "7.1.5", "0-63 packet buffer", "0-15 length, 32 DD"),
        ReceiveWritten = Of(
            "receive, written back", "7.1.6.2",
            "0-3 RSS type, 4-16 packet type, 17-20 RSCCNT, 21-30 HDR_LEN, 31 SPH, 32-63 RSS hash",
            "0 DD, 1 EOP, 2 FLM, 3 VP, 4 UDPCS, 5 L4I, 6 IPCS, 7 PIF, 10 UDPV, 11 LLINT, 15 TSIP, 16 TS, 23 HBO, "
            + "29 RXE, 30 L4E, 31 IPE, 32-47 length, 48-63 VLAN tag"),
        ReceiveLegacyWritten = Of(
            "receive, legacy, written back", "7.1.5", "0-63 packet buffer",
            "0-15 length, 16-31 checksum, 32 DD, 33 EOP, 35 VP, 36 UDPCS, 37 L4CS, 38 IPCS, 39 PIF, 40 RXE, "
            + "46 L4E, 47 IPE, 48-63 VLAN tag"),
        TransmitData = Of(
            "transmit, data", "7.2.3.2.4", "0-63 buffer",
            "0-15 DTALEN, 18 ILSec, 19 1588, 20-23 DTYP, 24 EOP, 25 IFCS, 27 RS, 29 DEXT, 30 VLE, 31 TSE, 32 DD, "
            + "36-38 IDX, 39 CC, 40 IXSM, 41 TXSM, 42 IPSEC, 46-63 PAYLEN"),
        TransmitContext = Of(
            "transmit, context", "7.2.3.2.3", "0-8 IPLEN, 9-15 MACLEN, 16-31 VLAN",
            "9 SNAP, 10 IPV4, 11-12 L4T, 20-23 DTYP, 27 RS, 29 DEXT, 36-38 IDX, 40-47 L4LEN, 48-63 MSS"),
        TransmitLegacy = Of(
            "transmit, legacy", "7.2.3.2.2", "0-63 buffer",
            "0-15 length, 16-23 CSO, 24 EOP, 25 IFCS, 26 IC, 27 RS, 30 VLE, 32 DD, 40-47 CSS, 48-63 VLAN tag"),
        SplitDescriptor = Of(
            "split ring, descriptor", "virtio 2.7.5", "0-63 buffer",
            "0-31 len, 32 NEXT, 33 WRITE, 34 INDIRECT, 48-63 next"),
        SplitUsed = Of("split ring, used element", "virtio 2.7.8", "0-31 id, 32-63 len", "0 (no more)"),
        PackedDescriptor = Of(
            "packed ring, descriptor", "virtio 2.8.13", "0-63 buffer",
            "0-31 len, 32-47 id, 48 NEXT, 49 WRITE, 50 INDIRECT, 55 AVAIL, 63 USED");

    internal static IList<DescriptorLayout> All { get; } =
    [
        ReceiveRead, ReceiveLegacyRead, ReceiveWritten, ReceiveLegacyWritten, TransmitData, TransmitContext,
        TransmitLegacy, SplitDescriptor, SplitUsed, PackedDescriptor,
    ];

    /// <summary>The form of a transmit descriptor.</summary>
    internal static DescriptorLayout OfTransmit(ulong high) =>
        ((uint)high & Extended) == 0 ? TransmitLegacy
        : ((uint)high & TypeMask) == ContextType ? TransmitContext : TransmitData;

    /// <summary>All fields that are not zero.</summary>
    internal string Show(ulong low, ulong high) => string.Join(
        ", ", LowFields.Select(part => part.Show(low)).Concat(HighFields.Select(part => part.Show(high)))
            .OfType<string>());

    private static DescriptorLayout Of(string name, string section, string low, string high) =>
        new(name, section, BitField.Parse(low), BitField.Parse(high));
}
