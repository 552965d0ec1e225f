namespace Ixy.Virtio;

// Features the device must offer for the requested offloads. VLAN tags are not its concern: the driver strips and
// inserts them.
public sealed partial class VirtioDevice
{
    // 5.1.3: the device computes checksums of what is sent; received frames may be marked as right, or as only partly
    // summed.
    private VirtioFeatures RequireOffloads(VirtioFeatures offered)
    {
        const string Cure =
            "in QEMU it takes a netdev that carries virtio headers, as 'tap' does with 'vnet_hdr=on', and not 'dgram' "
            + "or 'user'";
        var needed = VirtioFeatures.None;
        if ((_options.Offloads & Offloads.TransmitChecksum) != 0)
        {
            Require(offered, VirtioFeatures.Checksum,
                $"VIRTIO_NET_F_CSUM, and {Offloads.TransmitChecksum} was asked for: {Cure}");
            needed |= VirtioFeatures.Checksum;
        }
        if ((_options.Offloads & Offloads.ReceiveChecksum) != 0)
        {
            Require(offered, VirtioFeatures.GuestChecksum,
                $"VIRTIO_NET_F_GUEST_CSUM, and {Offloads.ReceiveChecksum} was asked for: {Cure}");
            needed |= VirtioFeatures.GuestChecksum;
        }
        return needed;
    }
}
