using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// PCIe (8.2.3.4), diagnostics (8.2.3.25).
internal static partial class CardRegisters
{
    // PCIe
    internal static readonly Register GCR = Define("GCR", 0x11000, ReadWrite, 0x0004_0000, "PCIe control: completion time-out (8.2.3.4.1)");
    internal static readonly Register GTV = Define("GTV", 0x11004, ReadWrite, 0, "PCIe timers (8.2.3.4)");
    internal static readonly Register FUNCTAG = Define("FUNCTAG", 0x11008, ReadWrite, 0, "PCIe function tags (8.2.3.4)");
    internal static readonly Register GLT = Define("GLT", 0x1100C, ReadWrite, 0, "PCIe latency timer (8.2.3.4)");
    internal static readonly Register GSCL = Define("GSCL", 0x11010, ReadWrite, 0, "PCIe statistics: what to count (8.2.3.4.2)", 4);
    internal static readonly Register GSCN = Define("GSCN", 0x11020, ReadClear, 0, "PCIe statistics (8.2.3.4.4)", 4);
    internal static readonly Register GSCL_5 = Define("GSCL_5", 0x11030, ReadWrite, 0, "PCIe leaky buckets (8.2.3.4.3)", 4);
    internal static readonly Register PHYADR = Define("PHYADR", 0x11040, ReadWrite, 0, "PCIe PHY register address (8.2.3.4)");
    internal static readonly Register PHYDAT = Define("PHYDAT", 0x11044, ReadWrite, 0, "PCIe PHY register data (8.2.3.4)");
    internal static readonly Register PHYCTL = Define("PHYCTL", 0x11048, ReadWrite, 0, "PCIe PHY control (8.2.3.4)");
    internal static readonly Register MREVID = Define("MREVID", 0x11064, ReadOnly, 1, "Revision from the EEPROM (8.2.3.4.7)");
    internal static readonly Register CIAA = Define("CIAA", 0x11088, ReadWrite, 0, "Configuration space of a virtual function: address (8.2.3.4)");
    internal static readonly Register CIAD = Define("CIAD", 0x1108C, ReadWrite, 0, "Configuration space of a virtual function: data (8.2.3.4)");
    internal static readonly Register PCIE_DIAG = Define("PCIE_DIAG", 0x11090, ReadOnly, 0, "PCIe diagnostics (8.2.3.25)", 8);
    internal static readonly Register PICAUSE = Define("PICAUSE", 0x110B0, ReadClearWriteOneClear, 0, "PCIe interrupt cause (8.2.3.4.10)");
    internal static readonly Register CDQ_MBR = Define("CDQ_MBR", 0x110B4, ReadWrite, 0, "PCIe bridge (8.2.3.4)");
    internal static readonly Register PIENA = Define("PIENA", 0x110B8, ReadWrite, 0, "PCIe interrupt enable (8.2.3.4.11)");
    internal static readonly Register PCIESPARE = Define("PCIESPARE", 0x110BC, ReadWrite, 0, "PCIe spare (8.2.3.4)");
    internal static readonly Register MISC_REG = Define("MISC_REG", 0x110F0, ReadWrite, 0, "PCIe miscellaneous (8.2.3.4)");
    internal static readonly Register BARCTRL = Define("BARCTRL", 0x110F4, ReadWrite, 0, "Sizes of the BARs, from the EEPROM (8.2.3.4.12)");

    internal static readonly Register CIAA_X550 = SinceX550(Define("CIAA_X550", 0x11508, ReadWrite, 0, "Configuration space of a virtual function: address (X550)"));
    internal static readonly Register CIAD_X550 = SinceX550(Define("CIAD_X550", 0x11510, ReadWrite, 0, "Configuration space of a virtual function: data (X550)"));
    internal static readonly Register GSCL_X550 = SinceX550(Define("GSCL_X550", 0x11800, ReadWrite, 0, "PCIe statistics: what to count (X550)", 2));
    internal static readonly Register GSCL_5_X550 = SinceX550(Define("GSCL_5_X550", 0x11810, ReadWrite, 0, "PCIe leaky buckets (X550)", 4));
    internal static readonly Register GSCN_X550 = SinceX550(Define("GSCN_X550", 0x11820, ReadClear, 0, "PCIe statistics (X550)", 4));
    internal static readonly Register FUSES0 = SinceX550(Define("FUSES0", 0x11158, ReadOnly, 0, "Fuses of the port (X550)", 4));

    // Diagnostics
    internal static readonly Register TDPROBE = Define("TDPROBE", 0x07F20, ReadOnly, 0, "Transmit DMA probe (8.2.3.25)");
    internal static readonly Register RFVAL = Define("RFVAL", 0x050A4, ReadWrite, 0, "Receive filter validation (8.2.3.25)");
    internal static readonly Register DRECCCTL2 = Define("DRECCCTL2", 0x02F8C, ReadWrite, 0, "Receive descriptor handler ECC (8.2.3.25)");
    internal static readonly Register PHYDBG = SinceX540(Define("PHYDBG", 0x10218, ReadWrite, 0, "PHY debug (X540 and X550)"));
    internal static readonly Register RDSTAT = Define("RDSTAT", 0x02C00, ReadOnly, 0, "Receive DMA statistics (8.2.3.25)", 8);
    internal static readonly Register RDSTATCTL = Define("RDSTATCTL", 0x02C20, ReadWrite, 0, "Receive DMA statistics control (8.2.3.25)");
    internal static readonly Register RDHMPN = Define("RDHMPN", 0x02F08, ReadWrite, 0, "Receive descriptor handler memory page (8.2.3.25)");
    internal static readonly Register RIC_DW = Define("RIC_DW", 0x02F10, ReadOnly, 0, "Receive descriptor handler memory (8.2.3.25)", 4);
    internal static readonly Register RDMAM = Define("RDMAM", 0x02F30, ReadWrite, 0, "Receive DMA memory address (8.2.3.25)");
    internal static readonly Register RDMAD = Define("RDMAD", 0x02F34, ReadOnly, 0, "Receive DMA memory data (8.2.3.25)");
    internal static readonly Register RXWRPTR = Define("RXWRPTR", 0x03100, ReadOnly, 0, "Receive buffer write pointers (8.2.3.25)", 8);
    internal static readonly Register RXUSED = Define("RXUSED", 0x03120, ReadOnly, 0, "Receive buffer used (8.2.3.25)", 8);
    internal static readonly Register RXRDPTR = Define("RXRDPTR", 0x03140, ReadOnly, 0, "Receive buffer read pointers (8.2.3.25)", 8);
    internal static readonly Register RXRDWRPTR = Define("RXRDWRPTR", 0x03160, ReadOnly, 0, "Receive buffer pointers (8.2.3.25)", 8);
    internal static readonly Register PBRXECC = Define("PBRXECC", 0x03300, ReadWrite, 0, "Receive buffer ECC (8.2.3.25)");
    internal static readonly Register RXBUFCTRL = Define("RXBUFCTRL", 0x03600, ReadWrite, 0, "Receive buffer access (8.2.3.25)");
    internal static readonly Register RXBUFDATA = Define("RXBUFDATA", 0x03610, ReadOnly, 0, "Receive buffer data (8.2.3.25)", 4);
    internal static readonly Register RXDATAWRPTR = Define("RXDATAWRPTR", 0x03700, ReadOnly, 0, "Receive data and descriptor pointers (8.2.3.25)", 16);
    internal static readonly Register RXDBUECC = Define("RXDBUECC", 0x03F70, ReadWrite, 0, "Receive DMA ECC control and status (8.2.3.25)", 2);
    internal static readonly Register RXFECCERR0 = Define("RXFECCERR0", 0x051B8, ReadWrite, 0, "Receive filter ECC (8.2.3.25)");
    internal static readonly Register TIC_DW2 = Define("TIC_DW2", 0x082B0, ReadOnly, 0, "Transmit descriptor handler memory 2 (8.2.3.25)", 4);
    internal static readonly Register TXDESCIC = Define("TXDESCIC", 0x082CC, ReadOnly, 0x8000_0000, "Transmit descriptor memory ready (8.2.3.25)");
    internal static readonly Register TDHMPN2 = Define("TDHMPN2", 0x082FC, ReadWrite, 0, "Transmit descriptor handler memory page 2 (8.2.3.25)");
    internal static readonly Register TXWRPTR = Define("TXWRPTR", 0x0C100, ReadOnly, 0, "Transmit buffer write pointers (8.2.3.25)", 8);
    internal static readonly Register TXUSED = Define("TXUSED", 0x0C120, ReadOnly, 0, "Transmit buffer used (8.2.3.25)", 8);
    internal static readonly Register TXRDPTR = Define("TXRDPTR", 0x0C140, ReadOnly, 0, "Transmit buffer read pointers (8.2.3.25)", 8);
    internal static readonly Register TXRDWRPTR = Define("TXRDWRPTR", 0x0C160, ReadOnly, 0, "Transmit buffer pointers (8.2.3.25)", 8);
    internal static readonly Register PBTXECC = Define("PBTXECC", 0x0C300, ReadWrite, 0, "Transmit buffer ECC (8.2.3.25)");
    internal static readonly Register TXBUFCTRL = Define("TXBUFCTRL", 0x0C600, ReadWrite, 0, "Transmit buffer access (8.2.3.25)");
    internal static readonly Register TXBUFDATA = Define("TXBUFDATA", 0x0C610, ReadOnly, 0, "Transmit buffer data (8.2.3.25)", 4);
    internal static readonly Register TXDATAWRPTR = Define("TXDATAWRPTR", 0x0C700, ReadOnly, 0, "Transmit data and descriptor pointers (8.2.3.25)", 16);
    internal static readonly Register TXDBUECC = Define("TXDBUECC", 0x0CF70, ReadWrite, 0, "Transmit DMA ECC control and status (8.2.3.25)", 2);
    internal static readonly Register PCIEECCCTL = Define("PCIEECCCTL", 0x1106C, ReadWrite, 0, "PCIe ECC (8.2.3.25)");
    internal static readonly Register ECC_STATUS = Define("ECC_STATUS", 0x110E0, ReadWrite, 0, "PCIe ECC status (8.2.3.25)");
    internal static readonly Register ECC_CTRL = Define("ECC_CTRL", 0x11100, ReadWrite, 0, "PCIe ECC control (8.2.3.25)", 2);
}
