using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// MAC, PCS and link (8.2.3.22), flow control (8.2.3.3). HLREG0, MAXFRS, AUTOC and LINKS are in the driver's table.
internal static partial class CardRegisters
{
    // 1 Gb/s PCS
    internal static readonly Register PCS1GCFIG = Define("PCS1GCFIG", 0x04200, ReadWrite, 0, "1G PCS configuration (8.2.3.22.1)");
    internal static readonly Register PCS1GLCTL = Define("PCS1GLCTL", 0x04208, ReadWrite, 0x0004_0001, "1G link control (8.2.3.22.2)");
    internal static readonly Register PCS1GLSTA = Define("PCS1GLSTA", 0x0420C, ReadOnly, 0, "1G link status (8.2.3.22.3)");
    internal static readonly Register PCS1GDBG = Define("PCS1GDBG", 0x04210, ReadWrite, 0, "1G PCS debug (8.2.3.22)", 2);
    internal static readonly Register PCS1GANA = Define("PCS1GANA", 0x04218, ReadWrite, 0x0000_01A0, "1G abilities advertised (8.2.3.22.4)");
    internal static readonly Register PCS1GANLP = Define("PCS1GANLP", 0x0421C, ReadOnly, 0, "1G abilities of the partner (8.2.3.22.5)");
    internal static readonly Register PCS1GANNP = Define("PCS1GANNP", 0x04220, ReadWrite, 0, "1G next page (8.2.3.22.6)");
    internal static readonly Register PCS1GANLPNP = Define("PCS1GANLPNP", 0x04224, ReadOnly, 0, "1G next page of the partner (8.2.3.22.7)");
    internal static class PCS1GLSTA_ { public const uint LinkOk = 1, SyncOk = 1u << 4, AnComplete = 1u << 16; }

    // MAC
    internal static readonly Register HLREG1 = Define("HLREG1", 0x04244, ReadOnly, 0, "MAC state: idles, faults (8.2.3.22.9)");
    internal static readonly Register PAP = Define("PAP", 0x04248, ReadWrite, 0x0000_FFFF, "Pause time and pace (8.2.3.22.10)");
    internal static readonly Register MACA = Define("MACA", 0x0424C, ReadOnly, 0, "MDI auto-scan command (8.2.3.22)");
    internal static readonly Register TREG = Define("TREG", 0x0426C, ReadWrite, 0, "MAC test (8.2.3.22)");
    internal static readonly Register PCSS1 = Define("PCSS1", 0x04288, ReadOnly, 0, "10G PCS status 1 (8.2.3.22.14)");
    internal static readonly Register PCSS2 = Define("PCSS2", 0x0428C, ReadOnly, 0, "10G PCS status 2 (8.2.3.22.15)");
    internal static readonly Register XPCSS = Define("XPCSS", 0x04290, ReadOnly, 0, "10GBASE-X PCS status (8.2.3.22.16)");
    internal static readonly Register SERDESC = Define("SERDESC", 0x04298, ReadWrite, 0, "SerDes lanes (8.2.3.22.17)");
    internal static readonly Register MACS = Define("MACS", 0x0429C, ReadWrite, 0, "MAC FIFO status (8.2.3.22.18)");
    internal static readonly Register MACC = Define("MACC", 0x04330, ReadWrite, 0, "MAC control: link and speed forced (8.2.3.22)");
    internal static class MACC_ { public const uint ForceLinkUp = 1, Loopback = 1u << 1, ForceSpeed = 1u << 18; }

    // Link
    internal static readonly Register AUTOC2 = Define("AUTOC2", 0x042A8, ReadWrite, 0x000A_0000, "Auto-negotiation 2: serial mode, link disable (8.2.3.22.22)");
    internal static readonly Register AUTOC3 = Define("AUTOC3", 0x042AC, ReadWrite, 0, "Auto-negotiation 3 (8.2.3.22)");
    internal static readonly Register ANLP1 = Define("ANLP1", 0x042B0, ReadOnly, 0, "Partner's abilities, state of auto-negotiation (8.2.3.22.23)");
    internal static readonly Register ANLP2 = Define("ANLP2", 0x042B4, ReadOnly, 0, "Partner's abilities 2 (8.2.3.22.24)");
    internal static readonly Register MDFTC = Define("MDFTC", 0x042B8, ReadWrite, 0, "MAC DFT control (8.2.3.25)");
    internal static readonly Register MDFTC2 = Define("MDFTC2", 0x042C0, ReadWrite, 0, "MAC DFT control 2 (8.2.3.25)");
    internal static readonly Register MDFTFIFO = Define("MDFTFIFO", 0x042C4, ReadOnly, 0, "MAC DFT FIFO (8.2.3.25)", 2);
    internal static readonly Register MDFTS = Define("MDFTS", 0x042CC, ReadOnly, 0, "MAC DFT status (8.2.3.25)");
    internal static readonly Register MMNGC = Define("MMNGC", 0x042D0, ReadOnly, 0, "Firmware's veto on link changes (8.2.3.22.24)");
    internal static readonly Register ANLPNP1 = Define("ANLPNP1", 0x042D4, ReadOnly, 0, "Partner's next page 1 (8.2.3.22.25)");
    internal static readonly Register ANLPNP2 = Define("ANLPNP2", 0x042D8, ReadOnly, 0, "Partner's next page 2 (8.2.3.22.26)");
    internal static readonly Register KRPCSFC = Define("KRPCSFC", 0x042E0, ReadWrite, 0, "KR PCS and FEC control (8.2.3.22.27)");
    internal static readonly Register KRPCSS = Define("KRPCSS", 0x042E4, ReadOnly, 0, "KR PCS status (8.2.3.22.28)");
    internal static readonly Register FECS = Define("FECS", 0x042E8, ReadClear, 0, "FEC corrected and uncorrected blocks (8.2.3.22.29)", 2);
    internal static readonly Register SGMIIC = Define("SGMIIC", 0x04314, ReadWrite, 0, "SGMII control (8.2.3.22)");
    internal static readonly Register LINKS2 = Define("LINKS2", 0x04324, ReadOnly, 0, "Link status 2: partner's ability (8.2.3.22)");
    internal static readonly Register EEE_SU = SinceX540(Define("EEE_SU", 0x04380, ReadWrite, 0, "Energy efficient Ethernet set-up (X540 and X550)"));
    internal static readonly Register EEE_STAT = SinceX540(Define("EEE_STAT", 0x04398, ReadOnly, 0, "Energy efficient Ethernet status (X540 and X550)"));
    internal static readonly Register EEER = SinceX540(Define("EEER", 0x043A0, ReadWrite, 0, "Energy efficient Ethernet (X540 and X550)"));
    internal static readonly Register DMACR = SinceX540(Define("DMACR", 0x02400, ReadWrite, 0, "DMA coalescing (X540 and X550)"));
    internal static readonly Register DMCTLX = SinceX540(Define("DMCTLX", 0x02404, ReadWrite, 0, "DMA coalescing: time to Lx (X540 and X550)"));
    internal static readonly Register DMCMNGTH = SinceX540(Define("DMCMNGTH", 0x15F20, ReadWrite, 0, "DMA coalescing: management threshold (X540 and X550)"));
    internal static readonly Register TLPIC = SinceX540(Define("TLPIC", 0x041F4, ReadClear, 0, "Low power idle sent (X540 and X550)"));
    internal static readonly Register RLPIC = SinceX540(Define("RLPIC", 0x041F8, ReadClear, 0, "Low power idle received (X540 and X550)"));
    internal static readonly Register PHYINT_STATUS = SinceX550(Define("PHYINT_STATUS", 0x00100, ReadOnly, 0, "Interrupts of the PHY (X550)", 3));
    internal static readonly Register CORECTL = Define("CORECTL", 0x14F00, ReadWrite, 0, "Analog configuration of the core (8.2.3.22.32)");
    internal static readonly Register SMADARCTL = Define("SMADARCTL", 0x14F10, ReadWrite, 0, "Analog configuration, shared (8.2.3.22)");
    internal static class AUTOC2_ { public const uint LinkDisable = 7u << 28; }
    internal static class ANLP1_ { public const uint AnStateMask = 0xFu << 16, AnRestarted = 1u << 16, AnGood = 9u << 16; }

    // Flow control
    internal static readonly Register PFCTOP = Define("PFCTOP", 0x03008, ReadWrite, 0x0100_8808, "Pause opcode and type (8.2.3.3)");
    internal static readonly Register TFCS = Define("TFCS", 0x0CE00, ReadOnly, 1, "Transmission paused by the partner (8.2.3.3.6)");

    // Receive side of DCB (8.2.3.10)
    internal static readonly Register RTRPCS = Define("RTRPCS", 0x02430, ReadWrite, 0, "Receive arbiter control (8.2.3.10.1)");
    internal static readonly Register RTRPT4S = Define("RTRPT4S", 0x02160, ReadOnly, 0, "Receive credits left (8.2.3.10.11)", 8);
}
