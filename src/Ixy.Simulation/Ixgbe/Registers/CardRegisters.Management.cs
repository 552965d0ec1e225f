using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Manageability (8.2.3.25, chapter 10) and virtualization (8.2.3.27).
internal static partial class CardRegisters
{
    // Manageability filters
    internal static readonly Register MAVTV = Define(0x05010, "VLANs for management (8.2.3.25.1)", 0, 8);
    internal static readonly Register MFUTP = Define(0x05030, "UDP and TCP ports for management (8.2.3.25.2)", 0, 8);
    internal static readonly Register BMCIP = Define(0x05050, "Address of the controller (10.4)", 0, 4);
    internal static readonly Register BMCIPVAL = Define(0x05060, "Address of the controller: kind, valid (10.4)");
    internal static readonly Register MDEF_EXT = Define(0x05160, "Management decision filters, extended (8.2.3.25.8)", 0, 8);
    internal static readonly Register METF = Define(0x05190, "Ethernet types for management (8.2.3.25)", 0, 4);
    internal static readonly Register MANC = Define(0x05820, "Management control (8.2.3.25.3)");
    internal static readonly Register MFVAL = Define(0x05824, "Management filters valid (8.2.3.25.4)");
    internal static readonly Register MANC2H = Define(0x05860, "Management packets also to the host (8.2.3.25.5)");
    internal static readonly Register MDEF = Define(0x05890, "Management decision filters (8.2.3.25.7)", 0, 8);
    internal static readonly Register MIPAF = Define(0x058B0, "Addresses for management (8.2.3.25.9)", 0, 16);
    internal static readonly Register MMAL = Define(0x05910, "MAC addresses for management, low (8.2.3.25.10)", 0, 4, 8);
    internal static readonly Register MMAH = Define(0x05914, "MAC addresses for management, high (8.2.3.25.11)", 0, 4, 8);
    internal static readonly Register PROXYS = SinceX540(Define(0x05F60, "Proxying status (X540 and X550)"));
    internal static readonly Register PROXYFC = SinceX540(Define(0x05F64, "Proxying filters (X540 and X550)"));
    internal static readonly Register FTFT = Define(0x09400, "Flexible filter for management (8.2.3.25.12)", 0, 256);

    // Host interface to the firmware
    internal static readonly Register FLEX_MNG = Define(0x15800, "Command and answer of the firmware (10.5)", 0, 448);
    internal static readonly Register HICR = Define(0x15F00, "Host interface: enabled, command, status valid (10.5)");
    internal static readonly Register HSMC = Define(0x15F04, "Host semaphores (10.5)", 0, 2);
    internal static readonly Register FWSTS = Define(0x15F0C, "Firmware status (10.5)");
    internal static readonly Register SWSR = Define(0x15F10, "Software status (10.5)");
    internal static readonly Register LSWFW = Define(0x15F14, "Link security between software and firmware (10.5)");
    internal static readonly Register FWRESETCNT = Define(0x15F40, "Firmware resets (10.5)", access: ReadOnly);
    internal static readonly Register HFDR = Define(0x15FE8, "Host to firmware doorbell (10.5)");

    // Virtual functions: reset, mailboxes
    internal static readonly Register PFVFLRE = Define(0x00600, "A virtual function was reset (8.2.3.27)", 0, 2, access: ReadOnly, split: 1, upper: 0x001C0);
    internal static readonly Register PFVFLREC = Define(0x00700, "Clears PFVFLRE (8.2.3.27)", 0, 2, access: WriteOnly);
    internal static readonly Register PFMBICR = Define(0x00710, "Mailbox interrupt causes, by 16 functions (8.2.3.27)", 0, 4, access: ReadOnly);
    internal static readonly Register PFMBIMR = Define(0x00720, "Mailbox interrupt masks (8.2.3.27)", 0xFFFF_FFFF, 2);
    internal static readonly Register PFMAILBOX = Define(0x04B00, "Mailbox of a virtual function (8.2.3.27)", 0, 64);
    internal static readonly Register PFMBMEM = Define(0x13000, "Mailbox memory, 16 words a function (8.2.3.27)", 0, 1024);

    // A virtual function's own registers, as the physical function sees them
    internal static readonly Register PVFCTRL = Define(0x00300, "Control of a virtual function: reset (8.3)", 0, 64, access: WriteOnly);
    internal static readonly Register PVTEICR = Define(0x00B00, "Interrupt cause of a virtual function (8.3)", 0, 64);
    internal static readonly Register PVTEICS = Define(0x00C00, "Interrupt cause set of a virtual function (8.3)", 0, 64, access: WriteOnly);
    internal static readonly Register PVTEIMS = Define(0x00D00, "Interrupt mask of a virtual function (8.3)", 0, 64);
    internal static readonly Register PVTEIMC = Define(0x00E00, "Interrupt mask clear of a virtual function (8.3)", 0, 64, access: WriteOnly);
    internal static readonly Register PVTEIAC = Define(0x00F00, "Interrupt auto-clear of a virtual function (8.3)", 0, 64);
    internal static readonly Register PVTEIAM = Define(0x04D00, "Interrupt auto-mask of a virtual function (8.3)", 0, 64);
    internal static readonly Register PVFMAILBOX = Define(0x04C00, "Mailbox of a virtual function, its side (8.3)", 0, 64);
    internal static readonly Register PVTIVAR_MISC = Define(0x04E00, "Mailbox vector of a virtual function (8.3)", 0, 64);
    internal static readonly Register PVTIVAR = Define(0x12500, "Queue vectors of a virtual function (8.3)", 0, 64);
    internal static readonly Register PVTRSCINT = Define(0x12000, "Coalescing interrupt of a virtual function (8.3)", 0, 64);
    internal static readonly Register PVFGPRC = Define(0x0101C, "Good packets a pool received (8.3)", 0, 64, 0x40, access: ReadOnly);
    internal static readonly Register PVFGORC_L = Define(0x01020, "Good bytes a pool received, low 32 bits (8.3)", 0, 64, 0x40, access: ReadOnly);
    internal static readonly Register PVFGORC_H = Define(0x0D020, "Good bytes a pool received, high 4 bits (8.3)", 0, 64, 0x40, access: ReadOnly);
    internal static readonly Register PVFMPRC = Define(0x0D01C, "Multicasts a pool received (8.3)", 0, 64, 0x40, access: ReadOnly);
    internal static readonly Register PVFGPTC = Define(0x08300, "Good packets a pool sent (8.3)", 0, 64, access: ReadOnly);
    internal static readonly Register PVFGOTC_L = Define(0x08400, "Good bytes a pool sent, low 32 bits (8.3)", 0, 64, 8, access: ReadOnly);
    internal static readonly Register PVFGOTC_H = Define(0x08404, "Good bytes a pool sent, high 4 bits (8.3)", 0, 64, 8, access: ReadOnly);

    internal static readonly Register PFVFMRQC = SinceX550(Define(0x03400, "Hashing of a pool (X550)", 0, 64));
    internal static readonly Register PFVFRSSRK = SinceX550(Define(0x18000, "RSS keys, 16 words a pool (X550)", 0, 1024));
    internal static readonly Register PFVFRETA = SinceX550(Define(0x19000, "RSS tables, 16 words a pool (X550)", 0, 1024));

    // Pools: who may receive and send
    internal static readonly Register PFVMVIR = Define(0x08000, "VLAN tag inserted for a pool: VMVIR (8.2.3.27)", 0, 64);
    internal static readonly Register PFFLP = Define(0x050B0, "Pools whose frames are looped back always (8.2.3.27)", 0, 2);
    internal static readonly Register PFVFTE = Define(0x08110, "Pools that send (8.2.3.27)", 0, 2);
    internal static readonly Register PFVMECM = Define(0x08790, "Malicious events masked (8.2.3.27)", 0, 2);
    internal static readonly Register PFVMTXSW = Define(0x05180, "Pools that loop back (8.2.3.27)", 0, 2);
    internal static readonly Register PFVFSPOOF = Define(0x08200, "Anti-spoofing by pool (8.2.3.27)", 0, 8);
    internal static readonly Register PFDTXGSWC = Define(0x08220, "Local switch (8.2.3.27)");
    internal static readonly Register PFVML2FLT = Define(0x0F000, "What a pool accepts (8.2.3.27.14)", 0, 64);
    internal static readonly Register PFMRCTL = Define(0x0F600, "Mirror rules (8.2.3.27)", 0, 4);
    internal static readonly Register PFMRVLAN = Define(0x0F610, "Mirror rules: VLANs (8.2.3.27)", 0, 8);
    internal static readonly Register PFMRVM = Define(0x0F630, "Mirror rules: pools (8.2.3.27)", 0, 8);
    internal static readonly Register LVMMC_RX = Define(0x02FA8, "Last malicious behaviour seen on receive (8.2.3.27)", access: ReadClear);
    internal static readonly Register LMVM_RX = Define(0x02FA4, "Last malicious pool on receive (8.2.3.27)", access: ReadClear);
    internal static readonly Register WQBR_RX = Define(0x02FB0, "Blocked receive queues (8.2.3.27)", 0, 4);
    internal static readonly Register LVMMC_TX = Define(0x08108, "Last malicious behaviour seen on transmit (8.2.3.27)", access: ReadClear);
    internal static readonly Register LMVM_TX = Define(0x08124, "Last malicious pool on transmit (8.2.3.27)", access: ReadClear);
    internal static readonly Register WQBR_TX = Define(0x08130, "Blocked transmit queues (8.2.3.27)", 0, 4);
}
