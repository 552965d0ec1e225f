namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>What the card found out about a frame on its way to a queue, in the form of the descriptor.</summary>
internal struct ReceivedFrame
{
    /// <summary>
    /// RSS type and packet type: the low word of an advanced write-back without header length (7.1.6.2).
    /// </summary>
    internal uint PacketInfo;

    /// <summary>RSS hash, Flow Director filter, or fragment checksum and IP identification (7.1.6.2).</summary>
    internal uint Hash;

    /// <summary>Extended status and errors, valid in a frame's last descriptor; without DD and EOP (7.1.6.2).</summary>
    internal uint Status;

    /// <summary>The 802.1Q tag, if there is one.</summary>
    internal ushort VlanTag;

    /// <summary>
    /// Ends of the headers after which a frame can be split: MAC, IP and transport; 0 if absent (7.1.10).
    /// </summary>
    internal ushort L2End, L3End, L4End;

    /// <summary>The queue it goes to.</summary>
    internal byte Queue;

    /// <summary>It had a CRC error, and FCTRL.SBP lets it pass.</summary>
    internal bool BadCrc;
}

/// <summary>Fields of receive descriptors (datasheet 7.1.5, 7.1.6).</summary>
internal static class ReceiveDescriptor
{
    internal const int Length = 16;

    // Extended status
    internal const uint Done = 1, EndOfPacket = 1u << 1, FlowDirectorMatch = 1u << 2, VlanPacket = 1u << 3,
        UdpChecksum = 1u << 4,
        L4Checksum = 1u << 5, IPChecksum = 1u << 6, PassedInexactFilter = 1u << 7, UdpValid = 1u << 10,
        LowLatencyInterrupt = 1u << 11, TimeStampInPacket = 1u << 15, TimeStamp = 1u << 16;
    internal const int NextDescriptorShift = 4;

    // Extended errors, in the same word
    internal const uint HeaderBufferOverflow = 1u << 23, MacError = 1u << 29, L4Error = 1u << 30, IPError = 1u << 31;

    // Low word
    internal const int PacketTypeShift = 4, HeaderLengthShift = 21;
    internal const uint SplitHeader = 1u << 31;

    // RSS types
    internal const uint RssTcpIPv4 = 1, RssIPv4 = 2, RssTcpIPv6 = 3, RssIPv6 = 5, RssUdpIPv4 = 7, RssUdpIPv6 = 8,
        RssFlowDirector = 15;

    /// <summary>
    /// The second word of a legacy descriptor: length, fragment checksum, status, errors, VLAN tag (7.1.5).
    /// </summary>
    internal static ulong Legacy(uint length, ushort checksum, uint status, ushort vlanTag)
    {
        uint errors = (status & (IPError | L4Error)) >> 24 | (status & MacError) >> 29;
        // FLM has no place in a legacy descriptor.
        uint legacyStatus = status & 0xFF & ~FlowDirectorMatch;
        return length | (ulong)checksum << 16 | (ulong)legacyStatus << 32 | (ulong)errors << 40 | (ulong)vlanTag << 48;
    }

    /// <summary>
    /// The second word of an advanced descriptor: extended status and errors, length, VLAN tag (7.1.6.2).
    /// </summary>
    internal static ulong Advanced(uint length, uint status, ushort vlanTag) =>
        status | (ulong)length << 32 | (ulong)vlanTag << 48;
}

/// <summary>Packet type bits of the advanced write-back (datasheet 7.1.6.2).</summary>
internal static class PacketType
{
    internal const uint IPv4 = 1, IPv4Options = 2, IPv6 = 4, IPv6Extensions = 8, Tcp = 0x10, Udp = 0x20, Sctp = 0x40,
        Esp = 0x100, AuthenticationHeader = 0x200, EtherTypeFilter = 0x800;
}
