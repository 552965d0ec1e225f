// Exercise 2: reset the card, and bring the link up (45 minutes)
//
// A driver does not know what the previous one left behind. So it starts with a reset, waits until the card is ready
// again, and only then sets up the link.
//
//     ./ixy grade 2
//
// What the 82599 datasheet says, in our words:
//
// 4.6.3.1    Interrupts are masked before the reset, and again after it: write ones to EIMC (0x00888, one bit for each
//            cause, bits 30 to 0), and read EICR (0x00800), which clears whatever was pending.
// 4.6.3.2    A global reset is a software reset (CTRL bit 26, RST) together with a link reset (bit 3, LRST). Both bits
//            are written to CTRL (0x00000) at once; its other bits stay 0. The card clears them when it is done.
// 4.2.1.6.1  For 10 ms after the reset, no registers except CTRL and STATUS (0x00008) may be touched.
//            A write is posted: the processor does not wait for it. Read STATUS after writing CTRL: a read returns only
//            when the writes before it have arrived, so the 10 ms start from there.
// 4.6.3      Then wait until each of these is ready. How long they take differs from card to card:
//              CTRL     bits 26 and 3 are 0: the reset is over
//              EEC      (0x10010) bit 9, ARD, is 1: the card has read its EEPROM
//              RDRXCTL  (0x02F00) bit 3, DMAIDONE, is 1: the DMA units have cleared their memories
// 4.6.4.2    The link of an SFP+ port: AUTOC (0x042A0) has the link mode in bits 15 to 13; 10 Gbit/s serial is 3. Bit
//            12, Restart_AN, makes the card apply the mode and start the link. Keep the other bits as they are.
// 8.2.3.22.20
//            LINKS (0x042A4) bit 30 is 1 when the link is up. That may take a second; without a cable, forever.
//
// What you have:  PciBar.Read32(offset) and Write32(offset, value), PciDevice.Wait(time), and
//                 PciDevice.WaitUntil(() => condition, timeout), which returns false if the time runs out.
//                 TimeSpan.FromMilliseconds(10) is a time. The BARs are already enabled.

using Ixy.Labs;
using Ixy.Vfio;

public sealed class CardStarter : ICardStarter
{
    private const uint CTRL = 0x00000, STATUS = 0x00008, EICR = 0x00800, EIMC = 0x00888, RDRXCTL = 0x02F00;
    private const uint AUTOC = 0x042A0, LINKS = 0x042A4, EEC = 0x10010;

    // Brings the card into the state after a reset, with all interrupts masked.
    public void Reset(PciDevice card, PciBar registers)
    {
        //# hole 1
        MaskInterrupts(registers);
        registers.Write32(CTRL, 1u << 26 | 1u << 3);
        registers.Read32(STATUS);
        card.Wait(TimeSpan.FromMilliseconds(10));
        var second = TimeSpan.FromSeconds(1);
        card.WaitUntil(() => (registers.Read32(CTRL) & (1u << 26 | 1u << 3)) == 0, second);
        MaskInterrupts(registers);
        card.WaitUntil(() => (registers.Read32(EEC) & 1u << 9) != 0, second);
        card.WaitUntil(() => (registers.Read32(RDRXCTL) & 1u << 3) != 0, second);
        //# end
    }

    // Sets the link up at 10 Gbit/s. True when it is up, false if the time runs out first.
    public bool StartLink(PciDevice card, PciBar registers, TimeSpan timeout)
    {
        //# hole 2
        registers.Write32(AUTOC, registers.Read32(AUTOC) & ~(7u << 13) | 3u << 13 | 1u << 12);
        return card.WaitUntil(() => (registers.Read32(LINKS) & 1u << 30) != 0, timeout);
        //# end
    }

    // Yours, if it helps.
    private static void MaskInterrupts(PciBar registers)
    {
        //# hole 3
        registers.Write32(EIMC, 0x7FFF_FFFF);
        registers.Read32(EICR);
        //# end
    }
}
