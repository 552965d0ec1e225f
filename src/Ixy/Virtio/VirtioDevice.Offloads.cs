namespace Ixy.Virtio;

// What the device has to offer for the offloads that were asked for. VLAN tags are not its business: the driver strips
// and inserts them.
public sealed partial class VirtioDevice
{
    // 5.1.3: the device sums up what is sent; it may say of what is received that it is right, or not summed up yet.
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
