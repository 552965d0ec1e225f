using System.Runtime.CompilerServices;
using static Ixy.RegisterAccess;

namespace Ixy.Ixgbe;

/// <summary>
/// The registers on a packet's path, from the "Intel 82599 10 GbE Controller Datasheet", chapter 8; X540 and X550 have
/// them in the same places. Fields are declared next to their register: <c>CTRL</c>, <c>CTRL_.RST</c>. Registers of
/// features are in <see cref="IxgbeFeatureRegisters"/>.
/// </summary>
public static partial class IxgbeRegisters
{
    // General control (8.2.3.1), EEPROM (8.2.3.2), PCIe (8.2.3.4)
    public static readonly Register CTRL = new(0x00000, "Device control: resets, master disable (8.2.3.1.1)");
    public static readonly Register STATUS = new(0x00008, "LAN id, master enable (8.2.3.1.2)", Access: ReadOnly);
    public static readonly Register CTRL_EXT = new(0x00018, "Extended control: driver loaded (8.2.3.1.3)");
    public static readonly Register ESDP = new(0x00020, "Software-definable pins (8.2.3.1.4)", 0x0800);
    public static readonly Register EEC = new(0x10010, "EEPROM control: auto-read done (8.2.3.2.1)", 0x10);
    public static readonly Register GCR_EXT = new(0x11050, "Virtual functions, buffers clear (8.2.3.4.9)");
    public static class CTRL_ { public const uint MasterDisable = 1u << 2, LRST = 1u << 3, RST = 1u << 26; }
    public static class STATUS_ { public const uint MasterEnable = 1u << 19; }
    public static class CTRL_EXT_
    {
        public const uint NoSnoopDisable = 1u << 16, ExtendedVlan = 1u << 26, DriverLoaded = 1u << 28;
    }
    public static class ESDP_ { public const uint TxDisable = 1u << 3, RateSelect = 1u << 5, Outputs = 0x28u << 8; }
    public static class EEC_ { public const uint AutoReadDone = 1u << 9; }
    public static class GCR_EXT_ { public const uint VirtualizationMask = 3, BuffersClear = 1u << 30; }

    // Kept by every reset (4.2.3): filters, rate limits and cache hints of the previous driver. What else it may have
    // left is in docs/ixgbe-registers-after-reset.md, with the reason why it does no harm.
    public static readonly Register MTA = new(0x05200, "Multicast table: a bit per 12-bit hash (8.2.3.7.7)", 0, 128);
    public static readonly Register PFUTA = new(0x0F400, "Unicast table: a bit per 12-bit hash (8.2.3.27.13)", 0, 128);
    public static readonly Register VFTA = new(0x0A000, "VLAN filter: a bit per VLAN id (8.2.3.7.11)", 0, 128);
    public static readonly Register PFVLVF = new(0x0F100, "VLAN id of a pool filter (8.2.3.27.14)", 0, 64);
    public static readonly Register PFVLVFB = new(0x0F200, "Pools of a VLAN filter (8.2.3.27.15)", 0, 128);
    public static readonly Register PSRTYPE = new(0x0EA00, "Headers to split after, by pool (8.2.3.7.4)", 0, 64);
    public static readonly Register FTQF = new(0x0E600, "5-tuple filter: protocol, mask, on (8.2.3.7.22)", 0, 128);
    public static readonly Register L34TIMIR = new(0x0E800, "5-tuple filter: queue (8.2.3.7.23)", 0, 128);
    public static readonly Register MPSAR = new(0x0A600, "Pools of an address, two each (8.2.3.7.10)", 0, 256);
    public static readonly Register RTTDQSEL = new(0x04904, "Queue that RTTDT1C and RTTBCNRC show (8.2.3.10)");
    public static readonly Register RTTDT1C = new(0x04908, "Credits of a queue: kept, not applied (8.2.3.10)");
    public static readonly Register DCA_CTRL = new(0x11074, "Direct cache access: disable, mode (8.2.3.11.4)", 1);
    public static readonly Register RTTBCNRC = new(0x04984, "Rate limit of a queue: kept, not applied (8.2.3.10)");

    // Interrupts (8.2.3.5)
    public static readonly Register EICR = new(0x00800, "Causes (8.2.3.5.1)", Access: ReadClearWriteOneClear);
    public static readonly Register EIMC = new(0x00888, "Mask clear (8.2.3.5.4)", Access: WriteOnly);
    public static class EIMC_ { public const uint All = 0x7FFF_FFFF; }

    // Receive (8.2.3.3, 8.2.3.7, 8.2.3.8, 8.2.3.12)
    public static readonly Register FCRTH = new(0x03260, "Fill level for XOFF (8.2.3.3.4)", 0, 8);
    public static readonly Register FCTRL = new(0x05080, "Filter control: broadcast, promiscuous (8.2.3.7.1)");
    public static readonly Register RAH = new(0x0A204, "Receive address, high 16 bits (8.2.3.7.9)", 0, 128, 8);
    public static readonly Register RDBAL = ReceiveQueue(0x01000, "Receive ring address, low (8.2.3.8.1)");
    public static readonly Register RDBAH = ReceiveQueue(0x01004, "Receive ring address, high (8.2.3.8.2)");
    public static readonly Register RDLEN = ReceiveQueue(0x01008, "Receive ring length in bytes (8.2.3.8.3)");
    public static readonly Register DCA_RXCTRL = ReceiveQueue(0x0100C, "Receive PCIe attributes (8.2.3.11.1)", 0xB200);
    public static readonly Register SRRCTL = ReceiveQueue(0x01014, "Receive buffers: size, drop (8.2.3.8.7)", 0x0402);
    public static readonly Register RDT = ReceiveQueue(0x01018, "Receive tail: the doorbell (8.2.3.8.5)");
    public static readonly Register RXDCTL = ReceiveQueue(0x01028, "Receive queue enable, VLAN strip (8.2.3.8.6)");
    public static readonly Register RDRXCTL = new(0x02F00, "Receive DMA: CRC strip (8.2.3.8.8)", 0x0010_8800);
    public static readonly Register RXCTRL = new(0x03000, "Receive enable (8.2.3.8.10)");
    public static readonly Register RXPBSIZE = new(0x03C00, "Receive buffer size (8.2.3.8.9)", 0x80000, 8);
    public static readonly Register SECRXCTRL = new(0x08D00, "Halt of the receive path (8.2.3.12.5)", 1);
    public static readonly Register SECRXSTAT = new(0x08D04, "Receive path empty (8.2.3.12.6)", Access: ReadOnly);
    public static class FCRTH_ { public const uint ThresholdDistance = 0x6000; }
    public static class FCTRL_
    {
        public const uint MulticastPromiscuous = 1u << 8, UnicastPromiscuous = 1u << 9, BroadcastAccept = 1u << 10;
    }
    public static class DCA_RXCTRL_ { public const uint MustBeZero = 1u << 12; }
    public static class SRRCTL_ { public const uint SizeUnit = 1024, OneBuffer = 1u << 25, DropEnable = 1u << 28; }
    public static class RXDCTL_ { public const uint Enable = 1u << 25, VlanStrip = 1u << 30; }
    public static class RDRXCTL_
    {
        public const uint CrcStrip = 1u << 1, DmaInitDone = 1u << 3;
        public const uint RscFirstSize = 0x1Fu << 17, RscAckChange = 1u << 25, FcoeWriteFix = 1u << 26;
    }
    public static class RXCTRL_ { public const uint Enable = 1; }
    public static class SECRXCTRL_ { public const uint ReceiveDisable = 1u << 1; }
    public static class SECRXSTAT_ { public const uint Ready = 1; }

    // Transmit (8.2.3.9, 8.2.3.10)
    public static readonly Register DMATXCTL = new(0x04A80, "Transmit DMA enable (8.2.3.9.2)", 0x8100_0000);
    public static readonly Register DTXMXSZRQ = new(0x08100, "Bytes that DMA may request (8.2.3.9.3)", 0x10);
    public static readonly Register RTTDCS = new(0x04900, "Transmit arbiter: disable (8.2.3.10.2)", 0x00C0_0000);
    public static readonly Register TDBAL = new(0x06000, "Transmit ring address, low (8.2.3.9.5)", 0, 128, 0x40);
    public static readonly Register TDBAH = new(0x06004, "Transmit ring address, high (8.2.3.9.6)", 0, 128, 0x40);
    public static readonly Register TDLEN = new(0x06008, "Transmit ring length in bytes (8.2.3.9.7)", 0, 128, 0x40);
    public static readonly Register TDH = new(0x06010, "Transmit head: the card's position (8.2.3.9.8)", 0, 128, 0x40);
    public static readonly Register TDT = new(0x06018, "Transmit tail: the doorbell (8.2.3.9.9)", 0, 128, 0x40);
    public static readonly Register TXDCTL = new(0x06028, "Transmit enable, thresholds (8.2.3.9.10)", 0, 128, 0x40);
    public static readonly Register TXPBSIZE = new(0x0CC00, "Transmit buffer size (8.2.3.9.13)", 0x28000, 8);
    public static readonly Register TXPBTHRESH = new(0x04950, "Transmit threshold, KiB (8.2.3.9.16)", 0x96, 8);
    public static class DMATXCTL_ { public const uint Enable = 1; }
    public static class DTXMXSZRQ_ { public const uint Most = 0xFFF; }
    public static class RTTDCS_ { public const uint ArbiterDisable = 1u << 6; }
    public static class TXDCTL_
    {
        public const int PrefetchShift = 0, HostShift = 8;
        public const uint Enable = 1u << 25;
    }

    // MAC and link (8.2.3.22)
    public static readonly Register HLREG0 = new(0x04240, "MAC: CRC, padding, jumbo (8.2.3.22.8)", 0x0801_2C0B);
    public static readonly Register MAXFRS = new(0x04268, "Longest frame, high half (8.2.3.22.13)", 0x05EE_0000);
    public static readonly Register AUTOC = new(0x042A0, "Negotiation, link mode (8.2.3.22.19)", 0xC09C_6004);
    public static readonly Register LINKS = new(0x042A4, "Link and speed (8.2.3.22.20)", Access: ReadOnly);
    public static class HLREG0_
    {
        public const uint TxCrcEnable = 1, RxCrcStrip = 1u << 1, JumboEnable = 1u << 2, TxPadEnable = 1u << 10;
    }
    public static class MAXFRS_ { public const int SizeShift = 16; }
    public static class AUTOC_ { public const uint Restart = 1u << 12, ModeMask = 7u << 13, Mode10GSerial = 3u << 13; }
    public static class LINKS_
    {
        public const int SpeedShift = 28;
        // OtherSpeed, on an X550: 2.5 Gbit/s, encoded as 10, or 5 Gbit/s, encoded as 100 Mbit/s. Elsewhere part of the
        // mode.
        public const uint OtherSpeed = 1u << 27, Up = 1u << 30;
    }

    // Statistics (8.2.3.23), all cleared by reading
    public static readonly Register CRCERRS = new(0x04000, "CRC errors (8.2.3.23.1)", Access: ReadClear);
    public static readonly Register RLEC = new(0x04040, "Length errors (8.2.3.23.7)", Access: ReadClear);
    public static readonly Register RUC = new(0x040A4, "Undersize frames, good FCS (8.2.3.23.30)", Access: ReadClear);
    public static readonly Register ROC = new(0x040AC, "Oversize frames, good FCS (8.2.3.23.32)", Access: ReadClear);
    public static readonly Register MPC = new(0x03FA0, "Missed: packet buffer full (8.2.3.23.4)", 0, 8, 4, ReadClear);
    public static readonly Register GPTC = new(0x04080, "Good packets sent (8.2.3.23.25)", Access: ReadClear);
    public static readonly Register GOTCL = new(0x04090, "Good bytes sent, low half (8.2.3.23.27)", Access: ReadClear);
    public static readonly Register GOTCH = new(0x04094, "Good bytes sent, high half (8.2.3.23.27)", Access: ReadClear);
    public static readonly Register QPRC = new(0x01030, "Received packets (8.2.3.23.73)", 0, 16, 0x40, ReadClear);
    public static readonly Register QBRC_L = new(0x01034, "Received bytes, low (8.2.3.23.74)", 0, 16, 0x40, ReadClear);
    public static readonly Register QBRC_H = new(0x01038, "Received bytes, high (8.2.3.23.74)", 0, 16, 0x40, ReadClear);
    public static readonly Register QPRDC = new(0x01430, "Missed: no descriptor (8.2.3.23.75)", 0, 16, 0x40, ReadClear);

    // Receive queues 0-63 are at 0x01000, 64-127 at 0x0D000 (8.2.3.8).
    private static Register ReceiveQueue(uint at, string text, uint reset = 0, [CallerMemberName] string name = "") =>
        new(at, text, reset, Count: 128, Stride: 64, Split: 64, Upper: at + 0xC000, Name: name);
}
