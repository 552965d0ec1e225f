using Ixy.Vfio;

namespace Ixy;

/// <summary>
/// Work that a device can take from software; asked for with <see cref="NetworkDeviceOptions.Offloads"/>. Each shows in
/// <see cref="Packet.Flags"/>. An Intel card (ixgbe) does all of it; what a virtio-net device cannot do, its driver
/// does in software, where it says so here.
/// </summary>
[Flags]
public enum Offloads
{
    /// <summary>None: frames go through as they are.</summary>
    None = 0,

    /// <summary>
    /// Received packets say whether their checksums are right. Ixgbe: the IPv4 header, and TCP and UDP over IPv4 and
    /// IPv6
    /// (82599 datasheet 7.1.11). Virtio-net: only TCP and UDP, and only that they are right; a frame whose sender on
    /// the same machine has left its checksum to hardware (VIRTIO_NET_HDR_F_NEEDS_CSUM) gets it from the driver, in
    /// software. Opening throws <see cref="FeatureNotOfferedException"/> if a virtio-net device lacks
    /// VIRTIO_NET_F_GUEST_CSUM.
    /// </summary>
    ReceiveChecksum = 1,

    /// <summary>
    /// Packets may ask for their checksums to be computed (<see cref="PacketFlags.InsertIpChecksum"/>,
    /// <see cref="PacketFlags.InsertL4Checksum"/>). Virtio-net: the device does TCP and UDP, the driver does the IPv4
    /// header. Opening throws <see cref="FeatureNotOfferedException"/> if a virtio-net device lacks VIRTIO_NET_F_CSUM.
    /// </summary>
    TransmitChecksum = 2,

    /// <summary>
    /// 802.1Q tags (EtherType 8100) are taken out of received frames (<see cref="PacketFlags.VlanStripped"/>).
    /// Virtio-net: the driver moves the rest of a tagged frame by four bytes.
    /// </summary>
    VlanStrip = 4,

    /// <summary>
    /// Packets may ask for an 802.1Q tag (<see cref="PacketFlags.InsertVlan"/>). Virtio-net: the driver moves the two
    /// addresses of such a frame by four bytes.
    /// </summary>
    VlanInsert = 8,

    /// <summary>All of these.</summary>
    All = ReceiveChecksum | TransmitChecksum | VlanStrip | VlanInsert,
}
