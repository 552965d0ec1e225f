using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Manageability (8.2.3.25, chapter 10) and virtualization (8.2.3.27).
internal static partial class CardRegisters
{
    // Manageability filters
    internal static readonly Register MAVTV = Define("MAVTV", 0x05010, ReadWrite, 0, "VLANs for management (8.2.3.25.1)", 8);
    internal static readonly Register MFUTP = Define("MFUTP", 0x05030, ReadWrite, 0, "UDP and TCP ports for management (8.2.3.25.2)", 8);
    internal static readonly Register BMCIP = Define("BMCIP", 0x05050, ReadWrite, 0, "Address of the controller (10.4)", 4);
    internal static readonly Register BMCIPVAL = Define("BMCIPVAL", 0x05060, ReadWrite, 0, "Address of the controller: kind, valid (10.4)");
    internal static readonly Register MDEF_EXT = Define("MDEF_EXT", 0x05160, ReadWrite, 0, "Management decision filters, extended (8.2.3.25.8)", 8);
    internal static readonly Register METF = Define("METF", 0x05190, ReadWrite, 0, "Ethernet types for management (8.2.3.25)", 4);
    internal static readonly Register MANC = Define("MANC", 0x05820, ReadWrite, 0, "Management control (8.2.3.25.3)");
    internal static readonly Register MFVAL = Define("MFVAL", 0x05824, ReadWrite, 0, "Management filters valid (8.2.3.25.4)");
    internal static readonly Register MANC2H = Define("MANC2H", 0x05860, ReadWrite, 0, "Management packets also to the host (8.2.3.25.5)");
    internal static readonly Register MDEF = Define("MDEF", 0x05890, ReadWrite, 0, "Management decision filters (8.2.3.25.7)", 8);
    internal static readonly Register MIPAF = Define("MIPAF", 0x058B0, ReadWrite, 0, "Addresses for management (8.2.3.25.9)", 16);
    internal static readonly Register MMAL = Define("MMAL", 0x05910, ReadWrite, 0, "MAC addresses for management, low (8.2.3.25.10)", 4, 8);
    internal static readonly Register MMAH = Define("MMAH", 0x05914, ReadWrite, 0, "MAC addresses for management, high (8.2.3.25.11)", 4, 8);
    internal static readonly Register PROXYS = SinceX540(Define("PROXYS", 0x05F60, ReadWrite, 0, "Proxying status (X540 and X550)"));
    internal static readonly Register PROXYFC = SinceX540(Define("PROXYFC", 0x05F64, ReadWrite, 0, "Proxying filters (X540 and X550)"));
    internal static readonly Register FTFT = Define("FTFT", 0x09400, ReadWrite, 0, "Flexible filter for management (8.2.3.25.12)", 256);

    // Host interface to the firmware
    internal static readonly Register FLEX_MNG = Define("FLEX_MNG", 0x15800, ReadWrite, 0, "Command and answer of the firmware (10.5)", 448);
    internal static readonly Register HICR = Define("HICR", 0x15F00, ReadWrite, 0, "Host interface: enabled, command, status valid (10.5)");
    internal static readonly Register HSMC = Define("HSMC", 0x15F04, ReadWrite, 0, "Host semaphores (10.5)", 2);
    internal static readonly Register FWSTS = Define("FWSTS", 0x15F0C, ReadWrite, 0, "Firmware status (10.5)");
    internal static readonly Register SWSR = Define("SWSR", 0x15F10, ReadWrite, 0, "Software status (10.5)");
    internal static readonly Register LSWFW = Define("LSWFW", 0x15F14, ReadWrite, 0, "Link security between software and firmware (10.5)");
    internal static readonly Register FWRESETCNT = Define("FWRESETCNT", 0x15F40, ReadOnly, 0, "Firmware resets (10.5)");
    internal static readonly Register HFDR = Define("HFDR", 0x15FE8, ReadWrite, 0, "Host to firmware doorbell (10.5)");

    // Virtual functions: reset, mailboxes
    internal static readonly Register PFVFLRE = Define(new("PFVFLRE", 0x00600, ReadOnly, 0, "A virtual function was reset (8.2.3.27)")
    {
        Count = 2,
        Split = 1,
        UpperOffset = 0x001C0,
    });
    internal static readonly Register PFVFLREC = Define("PFVFLREC", 0x00700, WriteOnly, 0, "Clears PFVFLRE (8.2.3.27)", 2);
    internal static readonly Register PFMBICR = Define("PFMBICR", 0x00710, ReadOnly, 0, "Mailbox interrupt causes, by 16 functions (8.2.3.27)", 4);
    internal static readonly Register PFMBIMR = Define("PFMBIMR", 0x00720, ReadWrite, 0xFFFF_FFFF, "Mailbox interrupt masks (8.2.3.27)", 2);
    internal static readonly Register PFMAILBOX = Define("PFMAILBOX", 0x04B00, ReadWrite, 0, "Mailbox of a virtual function (8.2.3.27)", 64);
    internal static readonly Register PFMBMEM = Define("PFMBMEM", 0x13000, ReadWrite, 0, "Mailbox memory, 16 words a function (8.2.3.27)", 1024);

    // A virtual function's own registers, as the physical function sees them
    internal static readonly Register PVFCTRL = Define("PVFCTRL", 0x00300, WriteOnly, 0, "Control of a virtual function: reset (8.3)", 64);
    internal static readonly Register PVTEICR = Define("PVTEICR", 0x00B00, ReadWrite, 0, "Interrupt cause of a virtual function (8.3)", 64);
    internal static readonly Register PVTEICS = Define("PVTEICS", 0x00C00, WriteOnly, 0, "Interrupt cause set of a virtual function (8.3)", 64);
    internal static readonly Register PVTEIMS = Define("PVTEIMS", 0x00D00, ReadWrite, 0, "Interrupt mask of a virtual function (8.3)", 64);
    internal static readonly Register PVTEIMC = Define("PVTEIMC", 0x00E00, WriteOnly, 0, "Interrupt mask clear of a virtual function (8.3)", 64);
    internal static readonly Register PVTEIAC = Define("PVTEIAC", 0x00F00, ReadWrite, 0, "Interrupt auto-clear of a virtual function (8.3)", 64);
    internal static readonly Register PVTEIAM = Define("PVTEIAM", 0x04D00, ReadWrite, 0, "Interrupt auto-mask of a virtual function (8.3)", 64);
    internal static readonly Register PVFMAILBOX = Define("PVFMAILBOX", 0x04C00, ReadWrite, 0, "Mailbox of a virtual function, its side (8.3)", 64);
    internal static readonly Register PVTIVAR_MISC = Define("PVTIVAR_MISC", 0x04E00, ReadWrite, 0, "Mailbox vector of a virtual function (8.3)", 64);
    internal static readonly Register PVTIVAR = Define("PVTIVAR", 0x12500, ReadWrite, 0, "Queue vectors of a virtual function (8.3)", 64);
    internal static readonly Register PVTRSCINT = Define("PVTRSCINT", 0x12000, ReadWrite, 0, "Coalescing interrupt of a virtual function (8.3)", 64);
    internal static readonly Register PVFGPRC = Define("PVFGPRC", 0x0101C, ReadOnly, 0, "Good packets a pool received (8.3)", 64, 0x40);
    internal static readonly Register PVFGORC_L = Define("PVFGORC_L", 0x01020, ReadOnly, 0, "Good bytes a pool received, low 32 bits (8.3)", 64, 0x40);
    internal static readonly Register PVFGORC_H = Define("PVFGORC_H", 0x0D020, ReadOnly, 0, "Good bytes a pool received, high 4 bits (8.3)", 64, 0x40);
    internal static readonly Register PVFMPRC = Define("PVFMPRC", 0x0D01C, ReadOnly, 0, "Multicasts a pool received (8.3)", 64, 0x40);
    internal static readonly Register PVFGPTC = Define("PVFGPTC", 0x08300, ReadOnly, 0, "Good packets a pool sent (8.3)", 64);
    internal static readonly Register PVFGOTC_L = Define("PVFGOTC_L", 0x08400, ReadOnly, 0, "Good bytes a pool sent, low 32 bits (8.3)", 64, 8);
    internal static readonly Register PVFGOTC_H = Define("PVFGOTC_H", 0x08404, ReadOnly, 0, "Good bytes a pool sent, high 4 bits (8.3)", 64, 8);

    internal static readonly Register PFVFMRQC = SinceX550(Define("PFVFMRQC", 0x03400, ReadWrite, 0, "Hashing of a pool (X550)", 64));
    internal static readonly Register PFVFRSSRK = SinceX550(Define("PFVFRSSRK", 0x18000, ReadWrite, 0, "RSS keys, 16 words a pool (X550)", 1024));
    internal static readonly Register PFVFRETA = SinceX550(Define("PFVFRETA", 0x19000, ReadWrite, 0, "RSS tables, 16 words a pool (X550)", 1024));

    // Pools: who may receive and send
    internal static readonly Register PFVMVIR = Define("PFVMVIR", 0x08000, ReadWrite, 0, "VLAN tag inserted for a pool: VMVIR (8.2.3.27)", 64);
    internal static readonly Register PFFLP = Define("PFFLP", 0x050B0, ReadWrite, 0, "Pools whose frames are looped back always (8.2.3.27)", 2);
    internal static readonly Register PFVFTE = Define("PFVFTE", 0x08110, ReadWrite, 0, "Pools that send (8.2.3.27)", 2);
    internal static readonly Register PFVMECM = Define("PFVMECM", 0x08790, ReadWrite, 0, "Malicious events masked (8.2.3.27)", 2);
    internal static readonly Register PFVMTXSW = Define("PFVMTXSW", 0x05180, ReadWrite, 0, "Pools that loop back (8.2.3.27)", 2);
    internal static readonly Register PFVFSPOOF = Define("PFVFSPOOF", 0x08200, ReadWrite, 0, "Anti-spoofing by pool (8.2.3.27)", 8);
    internal static readonly Register PFDTXGSWC = Define("PFDTXGSWC", 0x08220, ReadWrite, 0, "Local switch (8.2.3.27)");
    internal static readonly Register PFVML2FLT = Define("PFVML2FLT", 0x0F000, ReadWrite, 0, "What a pool accepts (8.2.3.27.14)", 64);
    internal static readonly Register PFMRCTL = Define("PFMRCTL", 0x0F600, ReadWrite, 0, "Mirror rules (8.2.3.27)", 4);
    internal static readonly Register PFMRVLAN = Define("PFMRVLAN", 0x0F610, ReadWrite, 0, "Mirror rules: VLANs (8.2.3.27)", 8);
    internal static readonly Register PFMRVM = Define("PFMRVM", 0x0F630, ReadWrite, 0, "Mirror rules: pools (8.2.3.27)", 8);
    internal static readonly Register LVMMC_RX = Define("LVMMC_RX", 0x02FA8, ReadClear, 0, "Last malicious behaviour seen on receive (8.2.3.27)");
    internal static readonly Register LMVM_RX = Define("LMVM_RX", 0x02FA4, ReadClear, 0, "Last malicious pool on receive (8.2.3.27)");
    internal static readonly Register WQBR_RX = Define("WQBR_RX", 0x02FB0, ReadWrite, 0, "Blocked receive queues (8.2.3.27)", 4);
    internal static readonly Register LVMMC_TX = Define("LVMMC_TX", 0x08108, ReadClear, 0, "Last malicious behaviour seen on transmit (8.2.3.27)");
    internal static readonly Register LMVM_TX = Define("LMVM_TX", 0x08124, ReadClear, 0, "Last malicious pool on transmit (8.2.3.27)");
    internal static readonly Register WQBR_TX = Define("WQBR_TX", 0x08130, ReadWrite, 0, "Blocked transmit queues (8.2.3.27)", 4);
}
