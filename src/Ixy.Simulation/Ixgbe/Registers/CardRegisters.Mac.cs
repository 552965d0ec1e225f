using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// MAC, PCS and link (8.2.3.22), flow control (8.2.3.3). HLREG0, MAXFRS, AUTOC and LINKS are in the driver's table.
internal static partial class CardRegisters
{
    // 1 Gb/s PCS
    internal static readonly Register PCS1GCFIG = Define(0x04200, "1G PCS configuration (8.2.3.22.1)");
    internal static readonly Register PCS1GLCTL = Define(0x04208, "1G link control (8.2.3.22.2)", 0x0004_0001);
    internal static readonly Register PCS1GLSTA = Define(0x0420C, "1G link status (8.2.3.22.3)", access: ReadOnly);
    internal static readonly Register PCS1GDBG = Define(0x04210, "1G PCS debug (8.2.3.22)", 0, 2);
    internal static readonly Register PCS1GANA = Define(0x04218, "1G abilities advertised (8.2.3.22.4)", 0x0000_01A0);
    internal static readonly Register PCS1GANLP = Define(0x0421C, "1G abilities of the partner (8.2.3.22.5)", access: ReadOnly);
    internal static readonly Register PCS1GANNP = Define(0x04220, "1G next page (8.2.3.22.6)");
    internal static readonly Register PCS1GANLPNP = Define(0x04224, "1G next page of the partner (8.2.3.22.7)", access: ReadOnly);
    internal static class PCS1GLSTA_ { public const uint LinkOk = 1, SyncOk = 1u << 4, AnComplete = 1u << 16; }

    // MAC
    internal static readonly Register HLREG1 = Define(0x04244, "MAC state: idles, faults (8.2.3.22.9)", access: ReadOnly);
    internal static readonly Register PAP = Define(0x04248, "Pause time and pace (8.2.3.22.10)", 0x0000_FFFF);
    internal static readonly Register MACA = Define(0x0424C, "MDI auto-scan command (8.2.3.22)", access: ReadOnly);
    internal static readonly Register TREG = Define(0x0426C, "MAC test (8.2.3.22)");
    internal static readonly Register PCSS1 = Define(0x04288, "10G PCS status 1 (8.2.3.22.14)", access: ReadOnly);
    internal static readonly Register PCSS2 = Define(0x0428C, "10G PCS status 2 (8.2.3.22.15)", access: ReadOnly);
    internal static readonly Register XPCSS = Define(0x04290, "10GBASE-X PCS status (8.2.3.22.16)", access: ReadOnly);
    internal static readonly Register SERDESC = Define(0x04298, "SerDes lanes (8.2.3.22.17)");
    internal static readonly Register MACS = Define(0x0429C, "MAC FIFO status (8.2.3.22.18)");
    internal static readonly Register MACC = Define(0x04330, "MAC control: link and speed forced (8.2.3.22)");
    internal const uint MacLoopback = 1u << 15; // HLREG0.LPBK (8.2.3.22.8)
    internal static class MACC_ { public const uint ForceLinkUp = 1, Loopback = 1u << 1, ForceSpeed = 1u << 18; }

    // Link
    internal static readonly Register AUTOC2 = Define(0x042A8, "Auto-negotiation 2: serial mode, link disable (8.2.3.22.22)", 0x000A_0000);
    internal static readonly Register AUTOC3 = Define(0x042AC, "Auto-negotiation 3 (8.2.3.22)");
    internal static readonly Register ANLP1 = Define(0x042B0, "Partner's abilities, state of auto-negotiation (8.2.3.22.23)", access: ReadOnly);
    internal static readonly Register ANLP2 = Define(0x042B4, "Partner's abilities 2 (8.2.3.22.24)", access: ReadOnly);
    internal static readonly Register MDFTC = Define(0x042B8, "MAC DFT control (8.2.3.25)");
    internal static readonly Register MDFTC2 = Define(0x042C0, "MAC DFT control 2 (8.2.3.25)");
    internal static readonly Register MDFTFIFO = Define(0x042C4, "MAC DFT FIFO (8.2.3.25)", 0, 2, access: ReadOnly);
    internal static readonly Register MDFTS = Define(0x042CC, "MAC DFT status (8.2.3.25)", access: ReadOnly);
    internal static readonly Register MMNGC = Define(0x042D0, "Firmware's veto on link changes (8.2.3.22.24)", access: ReadOnly);
    internal static readonly Register ANLPNP1 = Define(0x042D4, "Partner's next page 1 (8.2.3.22.25)", access: ReadOnly);
    internal static readonly Register ANLPNP2 = Define(0x042D8, "Partner's next page 2 (8.2.3.22.26)", access: ReadOnly);
    internal static readonly Register KRPCSFC = Define(0x042E0, "KR PCS and FEC control (8.2.3.22.27)");
    internal static readonly Register KRPCSS = Define(0x042E4, "KR PCS status (8.2.3.22.28)", access: ReadOnly);
    internal static readonly Register FECS = Define(0x042E8, "FEC corrected and uncorrected blocks (8.2.3.22.29)", 0, 2, access: ReadClear);
    internal static readonly Register SGMIIC = Define(0x04314, "SGMII control (8.2.3.22)");
    internal static readonly Register LINKS2 = Define(0x04324, "Link status 2: partner's ability (8.2.3.22)", access: ReadOnly);
    internal static readonly Register EEE_SU = SinceX540(Define(0x04380, "Energy efficient Ethernet set-up (X540 and X550)"));
    internal static readonly Register EEE_STAT = SinceX540(Define(0x04398, "Energy efficient Ethernet status (X540 and X550)", access: ReadOnly));
    internal static readonly Register EEER = SinceX540(Define(0x043A0, "Energy efficient Ethernet (X540 and X550)"));
    internal static readonly Register DMACR = SinceX540(Define(0x02400, "DMA coalescing (X540 and X550)"));
    internal static readonly Register DMCTLX = SinceX540(Define(0x02404, "DMA coalescing: time to Lx (X540 and X550)"));
    internal static readonly Register DMCMNGTH = SinceX540(Define(0x15F20, "DMA coalescing: management threshold (X540 and X550)"));
    internal static readonly Register TLPIC = SinceX540(Define(0x041F4, "Low power idle sent (X540 and X550)", access: ReadClear));
    internal static readonly Register RLPIC = SinceX540(Define(0x041F8, "Low power idle received (X540 and X550)", access: ReadClear));
    internal static readonly Register PHYINT_STATUS = SinceX550(Define(0x00100, "Interrupts of the PHY (X550)", 0, 3, access: ReadOnly));
    internal static readonly Register CORECTL = Define(0x14F00, "Analog configuration of the core (8.2.3.22.32)");
    internal static readonly Register SMADARCTL = Define(0x14F10, "Analog configuration, shared (8.2.3.22)");
    internal static class AUTOC2_ { public const uint LinkDisable = 7u << 28; }
    internal static class ANLP1_ { public const uint AnStateMask = 0xFu << 16, AnRestarted = 1u << 16, AnGood = 9u << 16; }

    // Flow control
    internal static readonly Register FCTTV = Define(0x03200, "Pause time sent, two classes a register (8.2.3.3.2)", 0, 4);
    internal static readonly Register FCRTL = Define(0x03220, "Fill level for XON (8.2.3.3.3)", 0, 8);
    internal static readonly Register FCRTV = Define(0x032A0, "Pause refresh time (8.2.3.3.5)");
    internal static readonly Register FCCFG = Define(0x03D00, "Pause sent: link or priority (8.2.3.3.7)");
    internal static readonly Register MFLCN = Define(0x04294, "Flow control: pass and obey pause (8.2.3.22.34)");
    internal static readonly Register PFCTOP = Define(0x03008, "Pause opcode and type (8.2.3.3)", 0x0100_8808);
    internal static readonly Register TFCS = Define(0x0CE00, "Transmission paused by the partner (8.2.3.3.6)", 1, access: ReadOnly);

    // Receive side of DCB (8.2.3.10)
    internal static readonly Register RTRPCS = Define(0x02430, "Receive arbiter control (8.2.3.10.1)");
    internal static readonly Register RTRPT4S = Define(0x02160, "Receive credits left (8.2.3.10.11)", 0, 8, access: ReadOnly);
}
