namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>A datasheet rule for the transmit path whose violation the card can detect.</summary>
internal sealed class TransmitRule
{
    private static int s_count;

    private TransmitRule(string name, string section, string explanation)
    {
        (Name, Section, Explanation) = (name, section, explanation);
        Bit = 1ul << s_count++;
    }

    internal string Name { get; }

    internal string Section { get; }

    internal string Explanation { get; }

    /// <summary>One bit of 64 for each rule, so that a queue can remember which it has reported.</summary>
    internal ulong Bit { get; }

    // Tail and head
    internal static readonly TransmitRule TailWhileDisabled = new("tail-while-disabled", "4.6.8",
        "the tail was moved while the queue is off: enable it first, and wait until TXDCTL.ENABLE reads 1");
    internal static readonly TransmitRule TailBeyondRing = new("tail-beyond-ring", "7.2.3.3",
        "the tail is not an index of a descriptor in the ring; the card ignores it");
    internal static readonly TransmitRule TailOvertakesHead = new("tail-overtakes-head", "7.2.3.3",
        "the tail passed the head or went back: descriptors that the card owns must stay between the two, and one must "
        + "stay free");
    internal static readonly TransmitRule TailInsidePacket = new("tail-inside-packet", "7.2.3.4",
        "the last descriptor before the tail is a context descriptor or has no EOP: move the tail on packet boundaries "
        + "only");
    internal static readonly TransmitRule HeadWhileEnabled = new("head-while-enabled", "8.2.3.9.8",
        "the head was written while the queue is on: it is the card's; set it to 0 before the queue is enabled, if at "
        + "all");

    // Ring and queue
    internal static readonly TransmitRule RingUnaligned = new("ring-unaligned", "8.2.3.9.5",
        "the ring must start at a multiple of 128 (64 with quirks=silicon); the card ignores the bits below");
    internal static readonly TransmitRule RingLength = new("ring-length", "8.2.3.9.7",
        "the length of the ring must be a multiple of 128 bytes, and at most 128 KiB");
    internal static readonly TransmitRule RingNotSet = new("queue-enabled-without-ring", "4.6.8",
        "the queue was enabled before TDLEN was programmed: there is no ring to fetch from");
    internal static readonly TransmitRule RingWhileEnabled = new("ring-changed-while-enabled", "4.6.8",
        "TDBAL, TDBAH, TDLEN, TDWBAL or TDWBAH was changed while the queue is on (setting DMATXCTL.TE turns queue 0 on)");
    internal static readonly TransmitRule QueueBeforeTransmit = new("queue-enabled-before-transmit", "4.6.8",
        "the queue was enabled while DMATXCTL.TE is off: enable transmission as a whole first");
    internal static readonly TransmitRule QueueNotEmpty = new("queue-disabled-before-empty", "4.6.8.1",
        "the queue was disabled with descriptors between head and tail: wait until TDH equals TDT");
    internal static readonly TransmitRule TransmitBeforeQueues = new("transmit-disabled-before-queues", "4.6.8.1",
        "DMATXCTL.TE was cleared while a queue is on: disable all transmit queues first");
    internal static readonly TransmitRule QueueOutsideMode = new("queue-outside-mode", "7.2.1.2.1",
        "without DCB and virtualization there are 64 transmit queues: 64 to 127 should not be used");
    internal static readonly TransmitRule QueueMode = new("queue-mode", "7.2.1.2.1",
        "MTQC holds a combination of DCB, virtualization and number of queues that does not exist");

    // Thresholds and write-back
    internal static readonly TransmitRule Thresholds = new("thresholds", "7.2.3.4.1",
        "PTHRESH and WTHRESH together must not exceed the 40 descriptors that a queue has on the chip");
    internal static readonly TransmitRule HostThreshold = new("host-threshold", "8.2.3.9.10",
        "HTHRESH should not be zero when PTHRESH is used");
    internal static readonly TransmitRule HeadWriteBackThreshold = new("head-write-back-threshold", "8.2.3.9.10",
        "WTHRESH must be zero when head write-back is enabled");
    internal static readonly TransmitRule HeadWriteBackUnaligned = new("head-write-back-unaligned", "8.2.3.9.11",
        "the low two bits of TDWBAL.HeadWB_Low are ignored: the head is written to a multiple of 16");
    internal static readonly TransmitRule HeadWriteBackOrder = new("head-write-back-order", "7.2.3.5.2",
        "with head write-back, relaxed ordering of write-backs must be off (DCA_TXCTRL bit 11), or the head may seem "
        + "to go back");
    internal static readonly TransmitRule ReportInsidePacket = new("report-inside-packet", "7.2.3.2.2",
        "RS may be set on the last descriptor of a packet only");
    internal static readonly TransmitRule ReportWithThreshold = new("report-with-threshold", "8.2.3.9.10",
        "RS should not be set when WTHRESH is not zero: the card reports in bursts of WTHRESH descriptors");
    internal static readonly TransmitRule ReportTooRare = new("report-too-rare", "8.2.3.9.10",
        "with WTHRESH zero, RS should be set at least once in 40 descriptors");

    // Configuration of the card
    internal static readonly TransmitRule ArbiterRunning = new("arbiter-running", "4.6.8",
        "this register may be changed only while the transmit arbiter is stopped (RTTDCS.ARBDIS)");
    internal static readonly TransmitRule ReservedBits = new("reserved-bits", "8.2.3.9.3",
        "DTXMXSZRQ has 12 bits; the others are reserved");
    internal static readonly TransmitRule SettingsWhileEnabled = new("settings-while-enabled", "4.6.8",
        "segmentation and VLAN settings were changed while DMATXCTL.TE is on");

    // Descriptors
    internal static readonly TransmitRule DescriptorType = new("descriptor-type", "7.2.3.1",
        "DTYP must be 2 (context) or 3 (data) in an advanced descriptor; the card drops the packet");
    internal static readonly TransmitRule DescriptorReserved = new("descriptor-reserved-bits", "7.2.3.2",
        "reserved bits of a descriptor, or its status, are not zero");
    internal static readonly TransmitRule DescriptorsMixed = new("descriptors-mixed", "7.2.3.2.4",
        "all descriptors of a packet must be of one kind; the card drops the packet");
    internal static readonly TransmitRule DescriptorTooLong = new("descriptor-too-long", "7.2.3.2.2",
        "a descriptor may give at most 15.5 KB, an advanced one 16 KB");
    internal static readonly TransmitRule DescriptorEmpty = new("descriptor-empty", "7.2.3.2.2",
        "a descriptor of length zero may stand between packets only, and must have EOP");
    internal static readonly TransmitRule TooManyDescriptors = new("too-many-descriptors", "7.2.1.1",
        "a packet may span at most 40 - WTHRESH - 2 descriptors");
    internal static readonly TransmitRule LegacyWithModes = new("legacy-with-dcb-or-virtualization", "7.2.3.1",
        "legacy descriptors are not supported together with DCB or virtualization");

    // Packets
    internal static readonly TransmitRule TooShort = new("packet-too-short", "7.2.3.2.4",
        "a packet must have at least 17 bytes in host memory; the card drops it");
    internal static readonly TransmitRule TooLong = new("packet-too-long", "7.2.3.2.4",
        "a packet on the wire may have at most 15.5 KB; the card drops it");
    internal static readonly TransmitRule BufferThreshold = new("packet-buffer-threshold", "8.2.3.9.16",
        "the packet is longer than the room that TXPBTHRESH leaves in the packet buffer (TXPBSIZE)");
    internal static readonly TransmitRule PayloadLength = new("payload-length", "7.2.3.2.4",
        "PAYLEN must be the bytes of all buffers, without the headers when segmenting; the card would hang");
    internal static readonly TransmitRule FcsRequired = new("fcs-required", "7.2.3.2.2",
        "IFCS must be set with padding, checksums, VLAN insertion and segmentation");
    internal static readonly TransmitRule WrongFcs = new("wrong-fcs", "7.2.3.2.2",
        "without IFCS (or with HLREG0.TXCRCEN off) the last four bytes must be the FCS, and they are not: nobody "
        + "receives it");

    // Offloads
    internal static readonly TransmitRule ContextIndex = new("context-index", "7.2.3.2.3",
        "a queue has two contexts: the upper two bits of IDX must be zero");
    internal static readonly TransmitRule ContextNotSet = new("context-not-set", "7.2.2",
        "the packet refers to a context that no context descriptor has set; the card drops it");
    internal static readonly TransmitRule ContextLengths = new("context-lengths", "7.2.3.2.3",
        "for an offload MACLEN must be 14 to 127 and IPLEN 20 to 511");
    internal static readonly TransmitRule ChecksumRange = new("checksum-range", "7.2.5.1",
        "the checksum is outside the packet; it is not inserted");
    internal static readonly TransmitRule IpChecksumOfIPv6 = new("ip-checksum-of-ipv6", "7.2.3.2.4",
        "IXSM must be zero for IPv6: it has no header checksum");
    internal static readonly TransmitRule SctpPacket = new("sctp-packet", "7.2.5.3",
        "for the SCTP checksum the field must be zero and the packet a multiple of four bytes");
    internal static readonly TransmitRule SegmentOptions = new("segment-options", "7.2.3.2.4",
        "segmentation needs TCP or UDP with TXSM, and IXSM for IPv4");
    internal static readonly TransmitRule SegmentSizes = new("segment-sizes", "7.2.3.2.3",
        "segmentation needs an MSS, L4LEN 8 to 64, and headers of at most 512 bytes in all that lie in the buffers; "
        + "the card drops the packet");
    internal static readonly TransmitRule SegmentHeader = new("segment-header-descriptors", "7.2.4.1",
        "the headers of a packet to segment may span at most four descriptors");
    internal static readonly TransmitRule MacSettings = new("mac-settings", "7.2.4, 7.2.5",
        "checksums need HLREG0.TXCRCEN, segmentation also HLREG0.TXPADEN");
    internal static readonly TransmitRule NotAvailable = new("offload-not-available", "7.2.3.2.4",
        "the packet requests MACsec, IPsec or FCoE offload, which this card does not have; it is sent without");
}
