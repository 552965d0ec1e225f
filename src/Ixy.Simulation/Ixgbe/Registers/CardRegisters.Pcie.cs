using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// PCIe (8.2.3.4), diagnostics (8.2.3.25).
internal static partial class CardRegisters
{
    // PCIe
    internal static readonly Register GCR = Define(0x11000, "PCIe control: completion time-out (8.2.3.4.1)", 0x0004_0000);
    internal static readonly Register GTV = Define(0x11004, "PCIe timers (8.2.3.4)");
    internal static readonly Register FUNCTAG = Define(0x11008, "PCIe function tags (8.2.3.4)");
    internal static readonly Register GLT = Define(0x1100C, "PCIe latency timer (8.2.3.4)");
    internal static readonly Register GSCL = Define(0x11010, "PCIe statistics: what to count (8.2.3.4.2)", 0, 4);
    internal static readonly Register GSCN = Define(0x11020, "PCIe statistics (8.2.3.4.4)", 0, 4, access: ReadClear);
    internal static readonly Register GSCL_5 = Define(0x11030, "PCIe leaky buckets (8.2.3.4.3)", 0, 4);
    internal static readonly Register PHYADR = Define(0x11040, "PCIe PHY register address (8.2.3.4)");
    internal static readonly Register PHYDAT = Define(0x11044, "PCIe PHY register data (8.2.3.4)");
    internal static readonly Register PHYCTL = Define(0x11048, "PCIe PHY control (8.2.3.4)");
    internal static readonly Register MREVID = Define(0x11064, "Revision from the EEPROM (8.2.3.4.7)", 1, access: ReadOnly);
    internal static readonly Register CIAA = Define(0x11088, "Configuration space of a virtual function: address (8.2.3.4)");
    internal static readonly Register CIAD = Define(0x1108C, "Configuration space of a virtual function: data (8.2.3.4)");
    internal static readonly Register PCIE_DIAG = Define(0x11090, "PCIe diagnostics (8.2.3.25)", 0, 8, access: ReadOnly);
    internal static readonly Register PICAUSE = Define(0x110B0, "PCIe interrupt cause (8.2.3.4.10)", access: ReadClearWriteOneClear);
    internal static readonly Register CDQ_MBR = Define(0x110B4, "PCIe bridge (8.2.3.4)");
    internal static readonly Register PIENA = Define(0x110B8, "PCIe interrupt enable (8.2.3.4.11)");
    internal static readonly Register PCIESPARE = Define(0x110BC, "PCIe spare (8.2.3.4)");
    internal static readonly Register MISC_REG = Define(0x110F0, "PCIe miscellaneous (8.2.3.4)");
    internal static readonly Register BARCTRL = Define(0x110F4, "Sizes of the BARs, from the EEPROM (8.2.3.4.12)");

    internal static readonly Register CIAA_X550 = SinceX550(Define(0x11508, "Configuration space of a virtual function: address (X550)"));
    internal static readonly Register CIAD_X550 = SinceX550(Define(0x11510, "Configuration space of a virtual function: data (X550)"));
    internal static readonly Register GSCL_X550 = SinceX550(Define(0x11800, "PCIe statistics: what to count (X550)", 0, 2));
    internal static readonly Register GSCL_5_X550 = SinceX550(Define(0x11810, "PCIe leaky buckets (X550)", 0, 4));
    internal static readonly Register GSCN_X550 = SinceX550(Define(0x11820, "PCIe statistics (X550)", 0, 4, access: ReadClear));
    internal static readonly Register FUSES0 = SinceX550(Define(0x11158, "Fuses of the port (X550)", 0, 4, access: ReadOnly));

    // Diagnostics
    internal static readonly Register TDPROBE = Define(0x07F20, "Transmit DMA probe (8.2.3.25)", access: ReadOnly);
    internal static readonly Register RFVAL = Define(0x050A4, "Receive filter validation (8.2.3.25)");
    internal static readonly Register DRECCCTL2 = Define(0x02F8C, "Receive descriptor handler ECC (8.2.3.25)");
    internal static readonly Register PHYDBG = SinceX540(Define(0x10218, "PHY debug (X540 and X550)"));
    internal static readonly Register RDSTAT = Define(0x02C00, "Receive DMA statistics (8.2.3.25)", 0, 8, access: ReadOnly);
    internal static readonly Register RDSTATCTL = Define(0x02C20, "Receive DMA statistics control (8.2.3.25)");
    internal static readonly Register RDHMPN = Define(0x02F08, "Receive descriptor handler memory page (8.2.3.25)");
    internal static readonly Register RIC_DW = Define(0x02F10, "Receive descriptor handler memory (8.2.3.25)", 0, 4, access: ReadOnly);
    internal static readonly Register RDMAM = Define(0x02F30, "Receive DMA memory address (8.2.3.25)");
    internal static readonly Register RDMAD = Define(0x02F34, "Receive DMA memory data (8.2.3.25)", access: ReadOnly);
    internal static readonly Register RXWRPTR = Define(0x03100, "Receive buffer write pointers (8.2.3.25)", 0, 8, access: ReadOnly);
    internal static readonly Register RXUSED = Define(0x03120, "Receive buffer used (8.2.3.25)", 0, 8, access: ReadOnly);
    internal static readonly Register RXRDPTR = Define(0x03140, "Receive buffer read pointers (8.2.3.25)", 0, 8, access: ReadOnly);
    internal static readonly Register RXRDWRPTR = Define(0x03160, "Receive buffer pointers (8.2.3.25)", 0, 8, access: ReadOnly);
    internal static readonly Register PBRXECC = Define(0x03300, "Receive buffer ECC (8.2.3.25)");
    internal static readonly Register RXBUFCTRL = Define(0x03600, "Receive buffer access (8.2.3.25)");
    internal static readonly Register RXBUFDATA = Define(0x03610, "Receive buffer data (8.2.3.25)", 0, 4, access: ReadOnly);
    internal static readonly Register RXDATAWRPTR = Define(0x03700, "Receive data and descriptor pointers (8.2.3.25)", 0, 16, access: ReadOnly);
    internal static readonly Register RXDBUECC = Define(0x03F70, "Receive DMA ECC control and status (8.2.3.25)", 0, 2);
    internal static readonly Register RXFECCERR0 = Define(0x051B8, "Receive filter ECC (8.2.3.25)");
    internal static readonly Register TIC_DW2 = Define(0x082B0, "Transmit descriptor handler memory 2 (8.2.3.25)", 0, 4, access: ReadOnly);
    internal static readonly Register TXDESCIC = Define(0x082CC, "Transmit descriptor memory ready (8.2.3.25)", 0x8000_0000, access: ReadOnly);
    internal static readonly Register TDHMPN2 = Define(0x082FC, "Transmit descriptor handler memory page 2 (8.2.3.25)");
    internal static readonly Register TXWRPTR = Define(0x0C100, "Transmit buffer write pointers (8.2.3.25)", 0, 8, access: ReadOnly);
    internal static readonly Register TXUSED = Define(0x0C120, "Transmit buffer used (8.2.3.25)", 0, 8, access: ReadOnly);
    internal static readonly Register TXRDPTR = Define(0x0C140, "Transmit buffer read pointers (8.2.3.25)", 0, 8, access: ReadOnly);
    internal static readonly Register TXRDWRPTR = Define(0x0C160, "Transmit buffer pointers (8.2.3.25)", 0, 8, access: ReadOnly);
    internal static readonly Register PBTXECC = Define(0x0C300, "Transmit buffer ECC (8.2.3.25)");
    internal static readonly Register TXBUFCTRL = Define(0x0C600, "Transmit buffer access (8.2.3.25)");
    internal static readonly Register TXBUFDATA = Define(0x0C610, "Transmit buffer data (8.2.3.25)", 0, 4, access: ReadOnly);
    internal static readonly Register TXDATAWRPTR = Define(0x0C700, "Transmit data and descriptor pointers (8.2.3.25)", 0, 16, access: ReadOnly);
    internal static readonly Register TXDBUECC = Define(0x0CF70, "Transmit DMA ECC control and status (8.2.3.25)", 0, 2);
    internal static readonly Register PCIEECCCTL = Define(0x1106C, "PCIe ECC (8.2.3.25)");
    internal static readonly Register ECC_STATUS = Define(0x110E0, "PCIe ECC status (8.2.3.25)");
    internal static readonly Register ECC_CTRL = Define(0x11100, "PCIe ECC control (8.2.3.25)", 0, 2);
}
