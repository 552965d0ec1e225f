namespace Ixy;

/// <summary>
/// What a device found out about a received packet, and what it should do to a transmitted one. Flags of a received
/// packet stay in its handle, and are ignored when it is transmitted.
/// </summary>
[Flags]
public enum PacketFlags : byte
{
    /// <summary>Nothing is known, nothing is requested.</summary>
    None = 0,

    /// <summary>Received: the checksum of the IPv4 header was checked, and is right.</summary>
    IpChecksumGood = 1,

    /// <summary>Received: the checksum of the IPv4 header was checked, and is wrong.</summary>
    IpChecksumBad = 2,

    /// <summary>
    /// Received: the TCP or UDP checksum is right. If neither this nor <see cref="L4ChecksumBad"/> is set, nobody has
    /// checked: not TCP or UDP, a fragment, UDP without a checksum, or a device that does not say.
    /// </summary>
    L4ChecksumGood = 4,

    /// <summary>Received: the TCP or UDP checksum was checked, and is wrong.</summary>
    L4ChecksumBad = 8,

    /// <summary>Received: the frame had an 802.1Q tag, which is in <see cref="Packet.VlanTag"/> instead.</summary>
    VlanStripped = 16,

    /// <summary>
    /// Transmit: compute the checksum of the IPv4 header. Ignored for IPv6, whose header has none. Needs
    /// <see cref="Offloads.TransmitChecksum"/>, as does the next flag.
    /// </summary>
    InsertIpChecksum = 32,

    /// <summary>
    /// Transmit: compute the TCP or UDP checksum. The driver finds the headers behind up to two VLAN tags, IPv4 options
    /// and IPv6 extension headers, and overwrites the checksum field. Bytes after the end of the IP packet do not
    /// count; if there are any, the driver computes the sum itself.
    /// </summary>
    InsertL4Checksum = 64,

    /// <summary>
    /// Transmit: insert the 802.1Q tag <see cref="Packet.VlanTag"/> (EtherType 8100) after the addresses. It does not
    /// count towards the longest frame (<see cref="NetworkDeviceOptions.MaxFrameSize"/>). Needs
    /// <see cref="Offloads.VlanInsert"/>.
    /// </summary>
    InsertVlan = 128,

    /// <summary>Everything a transmitted packet can request: <see cref="Packet.RequestsMask"/>.</summary>
    Requests = InsertIpChecksum | InsertL4Checksum | InsertVlan,
}
