using Ixy.Vfio;

namespace Ixy;

/// <summary>
/// Work that a device can do instead of software, requested with <see cref="NetworkDeviceOptions.Offloads"/>. Results
/// and requests are in <see cref="Packet.Flags"/>. An Intel card (ixgbe) does all of it. What a virtio-net device
/// cannot do, its driver does in software where noted here.
/// </summary>
[Flags]
public enum Offloads
{
    /// <summary>None: frames pass through unchanged.</summary>
    None = 0,

    /// <summary>
    /// Received packets report whether their checksums are right. Ixgbe: the IPv4 header, and TCP and UDP over IPv4 and
    /// IPv6 (82599 datasheet 7.1.11). Virtio-net: only TCP and UDP, and only that they are right. If a sender on the
    /// same machine left its checksum to hardware (VIRTIO_NET_HDR_F_NEEDS_CSUM), the driver computes it in software.
    /// Opening throws <see cref="FeatureNotOfferedException"/> if a virtio-net device lacks VIRTIO_NET_F_GUEST_CSUM.
    /// </summary>
    ReceiveChecksum = 1,

    /// <summary>
    /// Packets may request that their checksums be computed (<see cref="PacketFlags.InsertIpChecksum"/>,
    /// <see cref="PacketFlags.InsertL4Checksum"/>). Virtio-net: the device does TCP and UDP, the driver does the IPv4
    /// header. Opening throws <see cref="FeatureNotOfferedException"/> if a virtio-net device lacks VIRTIO_NET_F_CSUM.
    /// </summary>
    TransmitChecksum = 2,

    /// <summary>
    /// 802.1Q tags (EtherType 8100) are removed from received frames (<see cref="PacketFlags.VlanStripped"/>).
    /// Virtio-net: the driver moves the rest of a tagged frame by four bytes.
    /// </summary>
    VlanStrip = 4,

    /// <summary>
    /// Packets may request an 802.1Q tag (<see cref="PacketFlags.InsertVlan"/>). Virtio-net: the driver moves the two
    /// addresses of such a frame by four bytes.
    /// </summary>
    VlanInsert = 8,

    /// <summary>All of the above.</summary>
    All = ReceiveChecksum | TransmitChecksum | VlanStrip | VlanInsert,
}
