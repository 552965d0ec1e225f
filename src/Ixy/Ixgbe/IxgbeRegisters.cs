using static Ixy.RegisterAccess;

namespace Ixy.Ixgbe;

/// <summary>
/// The registers the driver uses, from the "Intel 82599 10 GbE Controller Datasheet", chapter 8, in its order; X540 and
/// X550 have them at the same places. Field constants stand beside their register: <c>CTRL</c>, <c>CTRL_.RST</c>.
/// </summary>
public static class IxgbeRegisters
{
    private static readonly List<Register> s_all = [];

    /// <summary>Every register of this table, in its order.</summary>
    public static IReadOnlyList<Register> All => s_all;

#pragma warning disable CS1591 // The table's last column says what each register is.
    // General control (8.2.3.1)
    public static readonly Register CTRL = Define("CTRL", 0x00000, ReadWrite, 0, "Device control: resets, master disable (8.2.3.1.1)");
    public static readonly Register STATUS = Define("STATUS", 0x00008, ReadOnly, 0, "Device status: LAN id, master enable (8.2.3.1.2)");
    public static readonly Register CTRL_EXT = Define("CTRL_EXT", 0x00018, ReadWrite, 0, "Extended control: driver loaded (8.2.3.1.3)");
    public static readonly Register ESDP = Define("ESDP", 0x00020, ReadWrite, 0x0800, "Software-definable pins: data, direction, function (8.2.3.1.4)");
    public static class CTRL_ { public const uint MasterDisable = 1u << 2, LRST = 1u << 3, RST = 1u << 26; }
    public static class STATUS_ { public const uint LanIdMask = 3u << 2, MasterEnable = 1u << 19; public const int LanIdShift = 2; }
    public static class CTRL_EXT_ { public const uint NoSnoopDisable = 1u << 16, ExtendedVlan = 1u << 26, DriverLoaded = 1u << 28; }

    public static class ESDP_
    {
        public const uint RxLoss = 1u << 1, ModulePresent = 1u << 2, TxDisable = 1u << 3, RateSelect = 1u << 5, Pins = 0xFF;
        public const int DirectionShift = 8;
    }

    // EEPROM (8.2.3.2)
    public static readonly Register EEC = Define("EEC", 0x10010, ReadWrite, 0x10, "EEPROM control: auto-read done, flash writes off (8.2.3.2.1)");
    public static class EEC_
    {
        public const uint Clock = 1, Select = 1u << 1, DataIn = 1u << 2, DataOut = 1u << 3, FlashWriteMask = 3u << 4, FlashWriteOff = 1u << 4;
        public const uint Request = 1u << 6, Grant = 1u << 7, Present = 1u << 8, AutoReadDone = 1u << 9, Address16 = 1u << 10;
        public const uint SectionsDone = 0x7Fu << 15, FlashUpdate = 1u << 23, FlashUpdateDone = 1u << 26;
        public const int SizeShift = 11;
    }

    // Semaphores (8.2.3.4, 10.5.4)
    public static readonly Register SWSM = Define("SWSM", 0x10140, ReadWrite, 0, "Software semaphore: SMBI set by reading, SWESMBI (8.2.3.4)");
    public static readonly Register SW_FW_SYNC = Define("SW_FW_SYNC", 0x10160, ReadWrite, 0, "Who uses EEPROM, PHYs, MAC (8.2.3.4)");
    public static class SWSM_ { public const uint SMBI = 1, SWESMBI = 1u << 1; }
    public static class SW_FW_SYNC_
    {
        public const uint Eeprom = 1, Phy0 = 1u << 1, Phy1 = 1u << 2, Registers = 1u << 31;
        public const int FirmwareShift = 5;
    }

    // Flow control (8.2.3.3)
    public static readonly Register FCTTV = Define("FCTTV", 0x03200, ReadWrite, 0, "Pause time sent, two classes a register (8.2.3.3.2)", 4);
    public static readonly Register FCRTL = Define("FCRTL", 0x03220, ReadWrite, 0, "Fill level for XON (8.2.3.3.3)", 8);
    public static readonly Register FCRTH = Define("FCRTH", 0x03260, ReadWrite, 0, "Fill level for XOFF (8.2.3.3.4)", 8);
    public static readonly Register FCRTV = Define("FCRTV", 0x032A0, ReadWrite, 0, "Pause refresh time (8.2.3.3.5)");
    public static readonly Register FCCFG = Define("FCCFG", 0x03D00, ReadWrite, 0, "Pause sent: link or priority (8.2.3.3.7)");
    public static class FCRTH_ { public const uint ThresholdMask = 0x7_FFE0, ThresholdDistance = 0x6000; }

    // PCIe (8.2.3.4)
    public static readonly Register GCR_EXT = Define("GCR_EXT", 0x11050, ReadWrite, 0, "PCIe extended: virtual functions, buffers clear (8.2.3.4.9)");
    public static class GCR_EXT_ { public const uint VirtualizationMask = 3, BuffersClear = 1u << 30; }

    // Interrupts (8.2.3.5)
    public static readonly Register EICR = Define("EICR", 0x00800, ReadClearWriteOneClear, 0, "Interrupt cause (8.2.3.5.1)");
    public static readonly Register EIAC = Define("EIAC", 0x00810, ReadWrite, 0, "Causes cleared when their MSI-X message is sent (8.2.3.5)");
    public static readonly Register EITR = Define("EITR", 0x00820, ReadWrite, 0, "Interval between interrupts of a vector (8.2.3.5.12)", 129, split: 24, upper: 0x12300);
    public static readonly Register EIMC = Define("EIMC", 0x00888, WriteOnly, 0, "Interrupt mask clear (8.2.3.5.4)");
    public static readonly Register EIMC_EX = Define("EIMC_EX", 0x00AB0, WriteOnly, 0, "Interrupt mask clear, causes 0-63 (8.2.3.5.8)", 2);
    public static readonly Register GPIE = Define("GPIE", 0x00898, ReadWrite, 0, "Interrupt mode: MSI-X, auto-mask, SDP causes (8.2.3.5.18)");
    public static readonly Register IVAR = Define("IVAR", 0x00900, ReadWrite, 0, "Vectors of two queue pairs (8.2.3.5.15)", 64);
    public static readonly Register EIMS_EX = Define("EIMS_EX", 0x00AA0, ReadWrite, 0, "Interrupt mask set, causes 0-63 (8.2.3.5)", 2);
    public static readonly Register EIAM_EX = Define("EIAM_EX", 0x00AD0, ReadWrite, 0, "Auto-mask, causes 0-63 (8.2.3.5)", 2);
    public static class EIAC_ { public const uint Queues = 0xFFFF; }
    public static class EIMC_ { public const uint All = 0x7FFF_FFFF; }
    public static class GPIE_
    {
        public const uint MultipleMsix = 1u << 4, OtherClearDisable = 1u << 5, ImmediateEics = 1u << 6;
        public const uint LowLatencyIntervalMask = 0xF, AutoMask = 1u << 30, PbaSupport = 1u << 31;
        public const int LowLatencyIntervalShift = 7;
    }
    public static class EITR_
    {
        public const int IntervalShift = 3, IntervalUnit = 2_048, CreditShift = 16, CounterShift = 21; // the unit in nanoseconds
        public const uint IntervalMask = 0x1FF, CreditMask = 0x1F, CounterMask = 0x7F;
        public const uint LowLatencyModeration = 1u << 15, CounterWriteDisable = 1u << 31;
    }
    public static class IVAR_ { public const uint Valid = 0x80; public const int QueueShift = 16; }

    // Receive (8.2.3.7, 8.2.3.8)
    public static readonly Register FCTRL = Define("FCTRL", 0x05080, ReadWrite, 0, "Filter control: broadcast, promiscuous modes (8.2.3.7.1)");
    public static readonly Register MCSTCTRL = Define("MCSTCTRL", 0x05090, ReadWrite, 0, "Multicast control: table on, which address bits (8.2.3.7.3)");
    public static readonly Register VLNCTRL = Define("VLNCTRL", 0x05088, ReadWrite, 0x8100, "VLAN EtherType and filter (8.2.3.7.2)");
    public static readonly Register PSRTYPE = Define("PSRTYPE", 0x0EA00, ReadWrite, 0, "Headers to split after, by pool (8.2.3.7.4)", 64, alias: 0x05480, aliasCount: 16);
    public static readonly Register RXCSUM = Define("RXCSUM", 0x05000, ReadWrite, 0, "Receive checksum control (8.2.3.7.5)");
    public static readonly Register RFCTL = Define("RFCTL", 0x05008, ReadWrite, 0, "Receive filter control: NFS, RSC (8.2.3.7.6)");
    public static readonly Register MTA = Define("MTA", 0x05200, ReadWrite, 0, "Multicast table: a bit per hash of 12 address bits (8.2.3.7.7)", 128);
    public static readonly Register RAL = Define("RAL", 0x0A200, ReadWrite, 0, "Receive address, low 32 bits (8.2.3.7.8)", 128, 8, alias: 0x05400, aliasCount: 16);
    public static readonly Register RAH = Define("RAH", 0x0A204, ReadWrite, 0, "Receive address, high 16 bits, address valid (8.2.3.7.9)", 128, 8, alias: 0x05404, aliasCount: 16);
    public static readonly Register MPSAR = Define("MPSAR", 0x0A600, ReadWrite, 0, "Pools of a receive address, two registers each (8.2.3.7.10)", 256);
    public static readonly Register VFTA = Define("VFTA", 0x0A000, ReadWrite, 0, "VLAN filter: a bit per VLAN id (8.2.3.7.11)", 128);
    public static readonly Register PFUTA = Define("PFUTA", 0x0F400, ReadWrite, 0, "Unicast table: a bit per hash of 12 address bits (8.2.3.27.13)", 128);
    public static readonly Register PFVLVF = Define("PFVLVF", 0x0F100, ReadWrite, 0, "VLAN id of a pool filter (8.2.3.27.14)", 64);
    public static readonly Register PFVLVFB = Define("PFVLVFB", 0x0F200, ReadWrite, 0, "Pools of a VLAN filter (8.2.3.27.15)", 128);
    public static readonly Register PFVTCTL = Define("PFVTCTL", 0x051B0, ReadWrite, 0, "Pools: enable, default pool (8.2.3.27.1)");
    public static readonly Register PFQDE = Define("PFQDE", 0x02F04, ReadWrite, 0, "Drop enable of a queue: index, write, value (8.2.3.27.9)");
    public static readonly Register MRQC = Define("MRQC", 0x05818, ReadWrite, 0, "Multiple receive queues: RSS and hash types (8.2.3.7.12)", alias: 0x0EC80);
    public static readonly Register RSSRK = Define("RSSRK", 0x05C80, ReadWrite, 0, "RSS key, 40 bytes (8.2.3.7.14)", 10, alias: 0x0EB80);
    public static readonly Register RETA = Define("RETA", 0x05C00, ReadWrite, 0, "RSS indirection table, four entries a register (8.2.3.7.13)", 32, alias: 0x0EB00);
    public static readonly Register ERETA = Define("ERETA", 0x0EE80, ReadWrite, 0, "RSS indirection table, entries 128-511 (X550)", 96);
    public static readonly Register ETQF = Define("ETQF", 0x05128, ReadWrite, 0, "EtherType filter (8.2.3.7.15)", 8);
    public static readonly Register SYNQF = Define("SYNQF", 0x0EC30, ReadWrite, 0, "TCP SYN filter (8.2.3.7.18)");
    public static readonly Register FTQF = Define("FTQF", 0x0E600, ReadWrite, 0, "5-tuple filter: protocol, mask, priority (8.2.3.7.22)", 128);
    public static readonly Register L34TIMIR = Define("L34TIMIR", 0x0E800, ReadWrite, 0, "5-tuple filter: queue (8.2.3.7.23)", 128);
    public static readonly Register FDIRCTRL = Define("FDIRCTRL", 0x0EE00, ReadWrite, 0, "Flow Director: memory, mode, initialisation done (8.2.3.21.1)");
    public static readonly Register RQSMR = Define("RQSMR", 0x02300, ReadWrite, 0, "Statistics counter of each of four queues (8.2.3.23.71)", 32);
    public static readonly Register RDBAL = DefineQueue("RDBAL", 0x01000, ReadWrite, 0, "Receive ring address, low (8.2.3.8.1)");
    public static readonly Register RDBAH = DefineQueue("RDBAH", 0x01004, ReadWrite, 0, "Receive ring address, high (8.2.3.8.2)");
    public static readonly Register RDLEN = DefineQueue("RDLEN", 0x01008, ReadWrite, 0, "Receive ring length in bytes, a multiple of 128 (8.2.3.8.3)");
    public static readonly Register DCA_RXCTRL = DefineQueue("DCA_RXCTRL", 0x0100C, ReadWrite, 0xB200, "Receive DCA and PCIe attributes (8.2.3.11.1)", alias: 0x02200);
    public static readonly Register RDH = DefineQueue("RDH", 0x01010, ReadOnly, 0, "Receive head: the card's position (8.2.3.8.4)");
    public static readonly Register SRRCTL = DefineQueue("SRRCTL", 0x01014, ReadWrite, 0x0402, "Receive buffer size, descriptor type, drop enable (8.2.3.8.7)", alias: 0x02100);
    public static readonly Register RDT = DefineQueue("RDT", 0x01018, ReadWrite, 0, "Receive tail: the doorbell (8.2.3.8.5)");
    public static readonly Register RXDCTL = DefineQueue("RXDCTL", 0x01028, ReadWrite, 0, "Receive queue enable, VLAN strip (8.2.3.8.6)");
    public static readonly Register RSCCTL = DefineQueue("RSCCTL", 0x0102C, ReadWrite, 0, "Receive side coalescing of a queue (8.2.3.8.13)");
    public static readonly Register RDRXCTL = Define("RDRXCTL", 0x02F00, ReadWrite, 0x0010_8800, "Receive DMA: CRC strip, init done (8.2.3.8.8)");
    public static readonly Register RXCTRL = Define("RXCTRL", 0x03000, ReadWrite, 0, "Receive enable (8.2.3.8.10)");
    public static readonly Register RXPBSIZE = Define("RXPBSIZE", 0x03C00, ReadWrite, 0x80000, "Receive packet buffer size (8.2.3.8.9)", 8);
    public static readonly Register RTRUP2TC = Define("RTRUP2TC", 0x03020, ReadWrite, 0, "Traffic class of a user priority, received (8.2.3.10.4)");
    public static readonly Register RTRPT4C = Define("RTRPT4C", 0x02140, ReadWrite, 0, "Receive credits of a traffic class (8.2.3.10.6)", 8);
    public static readonly Register DCA_CTRL = Define("DCA_CTRL", 0x11074, ReadWrite, 1, "Direct cache access: disable, mode (8.2.3.11.4)");
    public static readonly Register SECRXCTRL = Define("SECRXCTRL", 0x08D00, ReadWrite, 1, "Receive security block: halt the receive path (8.2.3.12.5)");
    public static readonly Register SECRXSTAT = Define("SECRXSTAT", 0x08D04, ReadOnly, 0, "Receive security block: path is empty (8.2.3.12.6)");
    public static class SECRXCTRL_ { public const uint ReceiveDisable = 1u << 1; }
    public static class SECRXSTAT_ { public const uint Ready = 1; }
    public static class FCTRL_ { public const uint StoreBadPackets = 1u << 1, MulticastPromiscuous = 1u << 8, UnicastPromiscuous = 1u << 9, BroadcastAccept = 1u << 10; }
    public static class MCSTCTRL_ { public const uint HashBitsMask = 3, FilterEnable = 1u << 2; }
    public static class RXCSUM_ { public const uint FragmentChecksum = 1u << 12, RssHashInDescriptor = 1u << 13; }
    public static class PFQDE_ { public const uint WriteEnable = 1u << 16; public const int QueueShift = 8; }
    public static class RAH_ { public const uint AddressMask = 0xFFFF, Valid = 1u << 31; }
    public static class MRQC_ { public const uint RssOnly = 1, TcpIPv4 = 1u << 16, IPv4 = 1u << 17, IPv6 = 1u << 20, TcpIPv6 = 1u << 21, UdpIPv4 = 1u << 22, UdpIPv6 = 1u << 23; }
    public static class SRRCTL_
    {
        public const uint BufferSizeMask = 0x1F, BufferSizeUnit = 1024, AdvancedOneBuffer = 1u << 25, DropEnable = 1u << 28;
        public const uint HeaderSizeMask = 0x3F, ThresholdMask = 7, DescriptorTypeMask = 7, Reserved = 0xE03F_C0E0;
        public const int HeaderSizeShift = 8, HeaderSizeUnit = 64, ThresholdShift = 22, ThresholdUnit = 64, DescriptorTypeShift = 25;
    }
    public static class RXDCTL_ { public const uint Enable = 1u << 25, VlanStrip = 1u << 30; }
    public static class RDRXCTL_ { public const uint CrcStrip = 1u << 1, DmaInitDone = 1u << 3, RscFirstSize = 0x1Fu << 17, RscAckChange = 1u << 25, FcoeWriteFix = 1u << 26; }
    public static class RXCTRL_ { public const uint Enable = 1; }
    public static class DCA_RXCTRL_ { public const uint MustBeZero = 1u << 12; }

    // Transmit (8.2.3.9)
    public static readonly Register DMATXCTL = Define("DMATXCTL", 0x04A80, ReadWrite, 0x8100_0000, "Transmit DMA enable (8.2.3.9.2)");
    public static readonly Register DTXMXSZRQ = Define("DTXMXSZRQ", 0x08100, ReadWrite, 0x10, "Bytes the transmit DMA may have requested (8.2.3.9.3)");
    public static readonly Register MTQC = Define("MTQC", 0x08120, ReadWrite, 0, "Multiple transmit queues: traffic classes, pools (8.2.3.9.15)");
    public static readonly Register TQSM = Define("TQSM", 0x08600, ReadWrite, 0, "Statistics counters of four transmit queues (8.2.3.23)", 32);
    public static readonly Register RTTDCS = Define("RTTDCS", 0x04900, ReadWrite, 0x00C0_0000, "Transmit arbiter: disable while configuring (8.2.3.10.2)");
    public static readonly Register RTTDQSEL = Define("RTTDQSEL", 0x04904, ReadWrite, 0, "Queue that RTTDT1C and RTTBCNRC show (8.2.3.10)");
    public static readonly Register RTTDT1C = Define("RTTDT1C", 0x04908, ReadWrite, 0, "Credits of the queue in RTTDQSEL: kept, not applied by the simulated card (8.2.3.10)");
    public static readonly Register RTTBCNRC = Define("RTTBCNRC", 0x04984, ReadWrite, 0, "Rate limit of the queue in RTTDQSEL: kept, not applied by the simulated card (8.2.3.10)");
    public static readonly Register RTTDT2C = Define("RTTDT2C", 0x04910, ReadWrite, 0, "Credits of a traffic class, descriptor plane: kept, not applied by the simulated card (8.2.3.10.9)", 8);
    public static readonly Register RTTPT2C = Define("RTTPT2C", 0x0CD20, ReadWrite, 0, "Credits of a traffic class, packet plane: kept, not applied by the simulated card (8.2.3.10.10)", 8);
    public static readonly Register RTTUP2TC = Define("RTTUP2TC", 0x0C800, ReadWrite, 0, "Traffic class of each user priority sent (8.2.3.10.5)");
    public static readonly Register TDBAL = DefineTransmitQueue("TDBAL", 0x06000, ReadWrite, 0, "Transmit ring address, low (8.2.3.9.5)");
    public static readonly Register TDBAH = DefineTransmitQueue("TDBAH", 0x06004, ReadWrite, 0, "Transmit ring address, high (8.2.3.9.6)");
    public static readonly Register TDLEN = DefineTransmitQueue("TDLEN", 0x06008, ReadWrite, 0, "Transmit ring length in bytes, a multiple of 128 (8.2.3.9.7)");
    public static readonly Register TDH = DefineTransmitQueue("TDH", 0x06010, ReadWrite, 0, "Transmit head: the card's position (8.2.3.9.8)");
    public static readonly Register TDT = DefineTransmitQueue("TDT", 0x06018, ReadWrite, 0, "Transmit tail: the doorbell (8.2.3.9.9)");
    public static readonly Register TXDCTL = DefineTransmitQueue("TXDCTL", 0x06028, ReadWrite, 0, "Transmit thresholds, queue enable (8.2.3.9.10)");
    public static readonly Register DCA_TXCTRL = DefineTransmitQueue("DCA_TXCTRL", 0x0600C, ReadWrite, 0x2A00, "Transmit DCA and PCIe attributes (8.2.3.11.2)");
    public static readonly Register TDWBAL = DefineTransmitQueue("TDWBAL", 0x06038, ReadWrite, 0, "Head write-back: enable, address, low (8.2.3.9.11)");
    public static readonly Register TDWBAH = DefineTransmitQueue("TDWBAH", 0x0603C, ReadWrite, 0, "Head write-back: address, high (8.2.3.9.12)");
    public static readonly Register TXPBSIZE = Define("TXPBSIZE", 0x0CC00, ReadWrite, 0x28000, "Transmit packet buffer size (8.2.3.9.13)", 8);
    public static readonly Register TXPBTHRESH = Define("TXPBTHRESH", 0x04950, ReadWrite, 0x96, "Transmit packet buffer threshold, KiB (8.2.3.9.16)", 8);
    public static class DMATXCTL_ { public const uint Enable = 1, GlobalDoubleVlan = 1u << 3; public const int VlanTypeShift = 16; }
    public static class RTTDCS_ { public const uint ArbiterDisable = 1u << 6; }
    public static class TXPBSIZE_ { public const uint All = 160 * 1024; }
    public static class DTXMXSZRQ_ { public const uint Most = 0xFFF; }
    public static class TXDCTL_ { public const int PrefetchShift = 0, HostShift = 8, WriteBackShift = 16; public const uint ThresholdMask = 0x7F, Enable = 1u << 25, SoftwareFlush = 1u << 26; }

    // MAC and link (8.2.3.22)
    public static readonly Register HLREG0 = Define("HLREG0", 0x04240, ReadWrite, 0x0801_2C0B, "MAC control: CRC, padding, jumbo, loopback (8.2.3.22.8)");
    public static readonly Register MSCA = Define("MSCA", 0x0425C, ReadWrite, 0, "MDI command: address, operation (8.2.3.22.11)");
    public static readonly Register MSRWD = Define("MSRWD", 0x04260, ReadWrite, 0, "MDI data, written low and read high (8.2.3.22.12)");
    public static readonly Register MAXFRS = Define("MAXFRS", 0x04268, ReadWrite, 0x05EE_0000, "Longest frame accepted, in the high half (8.2.3.22.13)");
    public static readonly Register MFLCN = Define("MFLCN", 0x04294, ReadWrite, 0, "Flow control: pass and obey pause (8.2.3.22.34)");
    public static readonly Register AUTOC = Define("AUTOC", 0x042A0, ReadWrite, 0xC09C_6004, "Auto-negotiation, link mode (8.2.3.22.19)");
    public static readonly Register LINKS = Define("LINKS", 0x042A4, ReadOnly, 0, "Link status and speed (8.2.3.22.20)");
    public static class HLREG0_ { public const uint TxCrcEnable = 1, RxCrcStrip = 1u << 1, JumboEnable = 1u << 2, TxPadEnable = 1u << 10, Loopback = 1u << 15, PrependMask = 15u << 20, RxPadStrip = 1u << 28; }
    public static class MSCA_
    {
        public const int RegisterShift = 0, DeviceShift = 16, PhyShift = 21, OperationShift = 26;
        public const uint Clause22 = 3u << 28, Command = 1u << 30;
        public const uint Address = 0, Write = 1, ReadNext = 2, Read = 3;
    }
    public static class MAXFRS_ { public const int SizeShift = 16; }
    public static class AUTOC_
    {
        public const uint ForceLinkUp = 1, Restart = 1u << 12, LinkModeBits = 7, LinkModeMask = 7u << 13, LinkMode10GSerial = 3u << 13;
        public const int LinkModeShift = 13;
    }
    public static class LINKS_
    {
        public const uint SerialBlockLock = 1u << 4, StillUp = 1u << 7, SerialSignal = 1u << 12, GigabitSync = 1u << 18, GigabitEnabled = 1u << 21;
        public const uint SerialEnabled = 1u << 24, Speed100M = 1u << 28, Speed1G = 2u << 28, Speed10G = 3u << 28, SpeedMask = 3u << 28;
        public const uint Up = 1u << 30, AnComplete = 1u << 31;
        public const int ModeShift = 26;

        /// <summary>X550 only: 2.5 Gbit/s, told as 10, or 5 Gbit/s, told as 100 Mbit/s. Elsewhere a part of the link mode.</summary>
        public const uint OtherSpeed = 1u << 27;
    }

    // Statistics (8.2.3.23), all cleared by reading
    public static readonly Register CRCERRS = Define("CRCERRS", 0x04000, ReadClear, 0, "CRC errors (8.2.3.23.1)");
    public static readonly Register RLEC = Define("RLEC", 0x04040, ReadClear, 0, "Length errors (8.2.3.23.7)");
    public static readonly Register RUC = Define("RUC", 0x040A4, ReadClear, 0, "Undersize frames with a good FCS (8.2.3.23.30)");
    public static readonly Register ROC = Define("ROC", 0x040AC, ReadClear, 0, "Oversize frames with a good FCS (8.2.3.23.32)");
    public static readonly Register MPC = Define("MPC", 0x03FA0, ReadClear, 0, "Missed packets: the packet buffer was full (8.2.3.23.4)", 8);
    public static readonly Register GPTC = Define("GPTC", 0x04080, ReadClear, 0, "Good packets sent (8.2.3.23.25)");
    public static readonly Register GOTCL = Define("GOTCL", 0x04090, ReadClear, 0, "Good bytes sent, low 32 bits (8.2.3.23.27)");
    public static readonly Register GOTCH = Define("GOTCH", 0x04094, ReadClear, 0, "Good bytes sent, high 4 bits (8.2.3.23.27)");
    public static readonly Register QPRC = Define("QPRC", 0x01030, ReadClear, 0, "Packets received by queues (8.2.3.23.73)", 16, 0x40);
    public static readonly Register QBRC_L = Define("QBRC_L", 0x01034, ReadClear, 0, "Bytes received by queues, low 32 bits (8.2.3.23.74)", 16, 0x40);
    public static readonly Register QBRC_H = Define("QBRC_H", 0x01038, ReadClear, 0, "Bytes received by queues, high 4 bits (8.2.3.23.74)", 16, 0x40);
    public static readonly Register QPRDC = Define("QPRDC", 0x01430, ReadClear, 0, "Packets a queue had no descriptor for (8.2.3.23.75)", 16, 0x40);
#pragma warning restore CS1591

    private static Register Define(
        string name, uint offset, RegisterAccess access, uint reset, string meaning,
        int count = 1, uint stride = 4, uint alias = 0, int aliasCount = -1, int split = int.MaxValue, uint upper = 0)
    {
        var register = new Register(name, offset, access, reset, meaning)
        {
            Count = count,
            Stride = stride,
            AliasOffset = alias,
            AliasCount = alias == 0 ? 0 : aliasCount < 0 ? count : aliasCount,
            AliasStride = stride,
            Split = split,
            UpperOffset = upper,
        };
        s_all.Add(register);
        return register;
    }

    // Receive queues 0-63 are at 0x01000, 64-127 at 0x0D000 (8.2.3.8); two registers of the first 16 are also seen
    // where the 82598 had them.
    private static Register DefineQueue(
        string name, uint offset, RegisterAccess access, uint reset, string meaning, uint alias = 0)
    {
        var register = new Register(name, offset, access, reset, meaning)
        {
            Count = 128,
            Stride = 0x40,
            Split = 64,
            UpperOffset = offset + 0xC000,
            AliasOffset = alias,
            AliasCount = alias == 0 ? 0 : 16,
        };
        s_all.Add(register);
        return register;
    }

    private static Register DefineTransmitQueue(string name, uint offset, RegisterAccess access, uint reset, string meaning) =>
        Define(name, offset, access, reset, meaning, 128, 0x40);
}
