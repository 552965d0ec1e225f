namespace Ixy;

/// <summary>
/// What a device has found out about a received packet, and what it is asked to do to one that is transmitted. What is
/// said of a received packet stays in its handle, and is ignored when it is transmitted.
/// </summary>
[Flags]
public enum PacketFlags : byte
{
    /// <summary>Nothing is known, nothing is asked for.</summary>
    None = 0,

    /// <summary>Received: the checksum of the IPv4 header was looked at, and is right.</summary>
    IpChecksumGood = 1,

    /// <summary>Received: the checksum of the IPv4 header was looked at, and is wrong.</summary>
    IpChecksumBad = 2,

    /// <summary>
    /// Received: the TCP or UDP checksum is right. Neither this nor <see cref="L4ChecksumBad"/> means that nobody has
    /// looked: no TCP or UDP, a fragment, UDP without checksum, or a device that does not say.
    /// </summary>
    L4ChecksumGood = 4,

    /// <summary>Received: the TCP or UDP checksum was looked at, and is wrong.</summary>
    L4ChecksumBad = 8,

    /// <summary>Received: the frame had an 802.1Q tag, which is in <see cref="Packet.VlanTag"/> instead.</summary>
    VlanStripped = 16,

    /// <summary>
    /// Transmit: compute the checksum of the IPv4 header. An IPv6 header has none: there it is ignored. Needs
    /// <see cref="Offloads.TransmitChecksum"/>, as does the next.
    /// </summary>
    InsertIpChecksum = 32,

    /// <summary>
    /// Transmit: compute the TCP or UDP checksum. The driver finds the headers behind up to two VLAN tags, IPv4 options
    /// and IPv6 extension headers, and writes into the checksum field, whatever is there. Bytes behind the IP packet do
    /// not count; where there are any, the driver sums up itself.
    /// </summary>
    InsertL4Checksum = 64,

    /// <summary>
    /// Transmit: insert the 802.1Q tag <see cref="Packet.VlanTag"/> (EtherType 8100) behind the addresses. It does not
    /// count for the longest frame (<see cref="NetworkDeviceOptions.MaxFrameSize"/>). Needs
    /// <see cref="Offloads.VlanInsert"/>.
    /// </summary>
    InsertVlan = 128,

    /// <summary>Everything that a transmitted packet can ask for: <see cref="Packet.RequestsMask"/>.</summary>
    Requests = InsertIpChecksum | InsertL4Checksum | InsertVlan,
}
