// Exercise 1: find the card, and read its MAC address (20 minutes)
//
// A PCI function identifies itself in its configuration space, and is driven by the registers in its BARs, the areas
// behind its base address registers. Find Intel's 82599 among the functions of a machine, and read its MAC address.
//
//     ./ixy grade 1
//
// What the PCI specification and the 82599 datasheet say, in our words:
//
// PCI 3.0, 6.1    Configuration space starts with the vendor id (offset 0x00, 16 bits) and the device id (0x02, 16
//                 bits). Vendors assign device ids as they like: only both together identify a card.
// 82599, 9.3.2    Intel's vendor id is 0x8086. The 82599 with an SFP+ port has the device id 0x10FB.
// PCI 3.0, 6.2.2  The command register (offset 0x04) switches things on. Until its bit 1 is set, the function does not
//                 listen to its memory BARs: reads return all ones. PciDevice.EnableBars sets it.
// 82599, 8.1      The registers are in BAR 0, 32 bits each, little-endian.
// 82599, 8.2.3.7.8 and 8.2.3.7.9
//                 RAL[0] at 0xA200 and RAH[0] at 0xA204 hold the card's own MAC address, loaded from its EEPROM. The
//                 first byte on the wire is in bits 7 to 0 of RAL, the fourth in bits 31 to 24; the fifth is in bits 7
//                 to 0 of RAH, the sixth in bits 15 to 8. The rest of RAH has other purposes.
//
// What you have:  PciDevice.VendorId, DeviceId, EnableBars(), OpenBar(0), and PciBar.Read32(offset).

using Ixy.Labs;
using Ixy.Vfio;

public sealed class CardFinder : ICardFinder
{
    private const uint RAL = 0xA200, RAH = 0xA204;

    // The first 82599 of these functions; null if there is none.
    public PciDevice? Find(IReadOnlyList<PciDevice> functions)
    {
        // Hole 1: your code, in place of the next line.
        throw new NotDoneException(1);
    }

    // Six bytes, in wire order. The function may not be listening to its BARs yet.
    public byte[] ReadMacAddress(PciDevice card)
    {
        // Hole 2: your code, in place of the next line.
        throw new NotDoneException(2);
    }
}
