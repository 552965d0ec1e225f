using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

// What has to be set up for offloads: little. The card always checks the checksums of what it receives, and says so in the
// descriptors (7.1.11); what it shall do to a frame it sends stands in that frame's descriptors (7.2.5).
public sealed partial class IxgbeDevice
{
    // 7.4.3 VLAN stripping, of tags with the EtherType in VLNCTRL, which is 0x8100 after reset.
    private uint VlanControl => (_options.Offloads & Offloads.VlanStrip) != 0 ? RXDCTL_.VlanStrip : 0;
}
