using Ixy.Vfio;

namespace Ixy.Labs;

/// <summary>
/// What exercises build on: the steps of 4.6.3 to 4.6.8 that are much the same in every driver. Sections are those of
/// the 82599 datasheet.
/// </summary>
public static class Given
{
    private const uint CTRL = 0x00000, STATUS = 0x00008, CTRL_EXT = 0x00018, EICR = 0x00800, EIMC = 0x00888;
    private const uint DCA_RXCTRL = 0x0100C, RDRXCTL = 0x02F00, RXCTRL = 0x03000, FCRTH = 0x03260;
    private const uint HLREG0 = 0x04240, AUTOC = 0x042A0, LINKS = 0x042A4, RTTDCS = 0x04900, TXPBTHRESH = 0x04950;
    private const uint DTXMXSZRQ = 0x08100, SECRXCTRL = 0x08D00, SECRXSTAT = 0x08D04, MPSAR = 0x0A600;
    private const uint TXPBSIZE = 0x0CC00, EEC = 0x10010;

    /// <summary>Exercise 2: reset, link set-up, and the wait for the link. Bus mastering is still off.</summary>
    public static void ResetAndStartLink(PciDevice card, PciBar registers)
    {
        card.EnableBars();
        registers.Write32(EIMC, 0x7FFF_FFFF);
        registers.Read32(EICR);
        registers.Write32(CTRL, 1 << 3 | 1 << 26);
        registers.Read32(STATUS);
        card.Wait(TimeSpan.FromMilliseconds(10));
        Await(card, registers, CTRL, 1 << 3 | 1 << 26, 0);
        registers.Write32(EIMC, 0x7FFF_FFFF);
        registers.Read32(EICR);
        Await(card, registers, EEC, 1 << 9, 1 << 9);
        Await(card, registers, RDRXCTL, 1 << 3, 1 << 3);
        registers.Write32(AUTOC, registers.Read32(AUTOC) & ~(7u << 13) | 3u << 13 | 1u << 12);
        Await(card, registers, LINKS, 1 << 30, 1 << 30);
    }

    /// <summary>4.6.7, the steps before the ring: settings of the receive unit as a whole.</summary>
    public static void PrepareReceive(PciBar registers)
    {
        Change(registers, RXCTRL, 1, 0);
        // The FCS is stripped, which must be set in two places (8.2.3.22.8, 8.2.3.8.8).
        Change(registers, HLREG0, 0, 1 << 1);
        Change(registers, RDRXCTL, 0x1Fu << 17, 1 << 1 | 1 << 25 | 1 << 26);
        // A flow control threshold is set even without flow control (4.6.3.2).
        registers.Write32(FCRTH, 0x80000 - 0x6000);
        registers.Write32(MPSAR, 1);
        // PCIe attributes: no snoop is off, and bit 12 is cleared (4.6.7).
        Change(registers, CTRL_EXT, 0, 1 << 16);
        Change(registers, DCA_RXCTRL, 1 << 12, 0);
    }

    /// <summary>4.6.7, the steps after the ring: RXCTRL.RXEN, while the path is halted.</summary>
    public static void OpenReceive(PciDevice card, PciBar registers)
    {
        Change(registers, SECRXCTRL, 0, 1 << 1);
        Await(card, registers, SECRXSTAT, 1, 1);
        Change(registers, RXCTRL, 0, 1);
        Change(registers, SECRXCTRL, 1 << 1, 0);
    }

    /// <summary>4.6.8, the steps before the ring: settings of the transmit unit as a whole.</summary>
    public static void PrepareTransmit(PciBar registers)
    {
        Change(registers, HLREG0, 0, 1 | 1 << 10);
        // The arbiter is stopped while its buffers change.
        Change(registers, RTTDCS, 0, 1 << 6);
        registers.Write32(TXPBSIZE, 160 * 1024);
        for (uint i = 1; i < 8; i++) registers.Write32(TXPBSIZE + 4 * i, 0);
        registers.Write32(TXPBTHRESH, 160 - 2);
        for (uint i = 1; i < 8; i++) registers.Write32(TXPBTHRESH + 4 * i, 0);
        registers.Write32(DTXMXSZRQ, 0xFFF);
        Change(registers, RTTDCS, 1 << 6, 0);
    }

    private static void Change(PciBar registers, uint register, uint clear, uint set) =>
        registers.Write32(register, registers.Read32(register) & ~clear | set);

    private static void Await(PciDevice card, PciBar registers, uint register, uint mask, uint value)
    {
        if (!card.WaitUntil(() => (registers.Read32(register) & mask) == value, TimeSpan.FromSeconds(1)))
            throw new TimeoutException($"register 0x{register:x5} does not become 0x{value:x} in the bits 0x{mask:x}");
    }
}
