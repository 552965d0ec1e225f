using Ixy.Ixgbe;
using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Receive (8.2.3.7, 8.2.3.8): filters, queue selection and registers that only other drivers program.
internal static partial class CardRegisters
{
    // Layer 2 filters and offloads (8.2.3.7)
    internal static readonly Register VLNCTRL = Define(0x05088, "VLAN EtherType and filter (8.2.3.7.2)", 0x8100);
    internal static readonly Register RFCTL = Define(0x05008, "Receive filter control: NFS, RSC (8.2.3.7.6)");
    internal static readonly Register PFVTCTL = Define(0x051B0, "Pools: enable, default pool (8.2.3.27.1)");
    internal static class RFCTL_ { internal const uint RscDisable = 1u << 5; }
    internal static class VLNCTRL_ { internal const uint EtherTypeMask = 0xFFFF, Cfi = 1u << 28, CfiEnable = 1u << 29, FilterEnable = 1u << 30; }
    internal static class MFLCN_ { internal const uint PassMacControl = 1, DiscardPause = 1u << 1, ObeyPause = 3u << 2; }
    internal static class PSRTYPE_ { internal const uint Tcp = 1u << 4, Udp = 1u << 5, IPv4 = 1u << 8, IPv6 = 1u << 9, L2 = 1u << 12; }

    // Queue selection (8.2.3.7)
    internal static readonly Register ETQF = Define(0x05128, "EtherType filter (8.2.3.7.15)", 0, 8);
    internal static readonly Register SYNQF = Define(0x0EC30, "TCP SYN filter (8.2.3.7.18)");
    internal static readonly Register RQSMR = Define(0x02300, "Statistics counter of each of four queues (8.2.3.23.71)", 0, 32);
    internal static readonly Register ETQS = Define(0x0EC00, "Queue of an EtherType filter (8.2.3.7.16)", 0, 8);
    internal static readonly Register SAQF = Define(0x0E000, "5-tuple filter: source address (8.2.3.7.19)", 0, 128);
    internal static readonly Register DAQF = Define(0x0E200, "5-tuple filter: destination address (8.2.3.7.20)", 0, 128);
    internal static readonly Register SDPQF = Define(0x0E400, "5-tuple filter: ports (8.2.3.7.21)", 0, 128);
    // The reset value, 16 queues for each class, is not in our excerpts; Linux writes the register, DPDK does not.
    internal static readonly Register RQTC = Define(0x0EC70, "RSS bits of each traffic class (8.2.3.7)", 0x4444_4444);
    internal static readonly Register LLITHRESH = Define(0x0EC90, "Rate of low latency interrupts (8.2.3.7)");
    internal static class RQTC_ { internal const int ClassShift = 4; internal const uint BitsMask = 7; }
    internal static class ETQF_ { internal const uint UpEnable = 1u << 19, TimeStamp = 1u << 30, FilterEnable = 1u << 31; internal const int UpShift = 16; }
    internal static class ETQS_ { internal const int QueueShift = 16; internal const uint LowLatencyInterrupt = 1u << 29, QueueEnable = 1u << 31; }
    internal static class SYNQF_ { internal const uint QueueEnable = 1, SynFirst = 1u << 31; internal const int QueueShift = 1; }
    internal static class FTQF_
    {
        internal const uint ProtocolMask = 3, AnySource = 1u << 25, AnyDestination = 1u << 26, AnySourcePort = 1u << 27,
            AnyDestinationPort = 1u << 28, AnyProtocol = 1u << 29, QueueEnable = 1u << 31;
        internal const int PriorityShift = 2;
    }
    internal static class L34TIMIR_ { internal const int QueueShift = 21; internal const uint LowLatencyInterrupt = 1u << 20; }

    // Receive DMA (8.2.3.8) and direct cache access (8.2.3.11)
    internal static readonly Register RDH = IxgbeRegisters.RDT with
    {
        Name = "RDH",
        Offset = 0x01010,
        Upper = 0x0D010,
        Access = ReadOnly,
        Meaning = "Receive head: the card's position (8.2.3.8.4)",
    };
    internal static readonly Register RSCCTL = Define(0x0102C, "Receive side coalescing of a queue (8.2.3.8.13)", 0, 128, 0x40, split: 64, upper: 0x0D02C);
    internal static readonly Register RTRUP2TC = Define(0x03020, "Traffic class of a user priority, received (8.2.3.10.4)");
    internal static readonly Register RTRPT4C = Define(0x02140, "Receive credits of a traffic class (8.2.3.10.6)", 0, 8);
    internal static readonly Register PFQDE = Define(0x02F04, "Drop enable of a queue: index, write, value (8.2.3.27.9)");
    internal static readonly Register RSCDBU = Define(0x03028, "Receive side coalescing, small packets (8.2.3.8.12)", 0x20);
    internal static readonly Register RDDCC = Define(0x02F20, "Receive DMA control C (8.2.3.8.11)");
    internal static readonly Register RXMEMWRAP = Define(0x03190, "Packet buffers: empty, and how often they wrapped (8.2.3.8)", 0x8888_8888, access: ReadOnly);
    internal static readonly Register STARCTRL = Define(0x03024, "Receive packet buffer start control (8.2.3.8)");
    internal static readonly Register DCA_ID = Define(0x11070, "Requester id for direct cache access (8.2.3.11.3)", access: ReadOnly);
    internal static class RXMEMWRAP_ { internal const uint WrapMask = 7, Empty = 8; }
    internal static class RXPBSIZE_ { internal const uint SizeMask = 0xF_FC00; }
    internal static class RSCCTL_ { internal const uint Enable = 1; }

    // Virtualisation (8.2.3.27), which drivers clear even if they do not use it
    internal static readonly Register PFVFRE = Define(0x051E0, "Pools that may receive (8.2.3.27.7)", 0, 2);

    // Flow Director (8.2.3.21)
    internal static readonly Register FDIRCTRL = Define(0x0EE00, "Flow Director: memory, mode, initialisation done (8.2.3.21.1)");
    internal static readonly Register FDIRHKEY = Define(0x0EE68, "Key of the bucket hash (8.2.3.21.2)");
    internal static readonly Register FDIRSKEY = Define(0x0EE6C, "Key of the signature hash (8.2.3.21.3)");
    internal static readonly Register FDIRDIP4M = Define(0x0EE3C, "Bits of the IPv4 destination not compared (8.2.3.21.4)");
    internal static readonly Register FDIRSIP4M = Define(0x0EE40, "Bits of the IPv4 source not compared (8.2.3.21.5)");
    internal static readonly Register FDIRTCPM = Define(0x0EE44, "Bits of TCP ports not compared (8.2.3.21.6)");
    internal static readonly Register FDIRUDPM = Define(0x0EE48, "Bits of UDP ports not compared (8.2.3.21.7)");
    internal static readonly Register FDIRIP6M = Define(0x0EE74, "Bytes of IPv6 addresses not compared (8.2.3.21.8)");
    internal static readonly Register FDIRSCTPM = SinceX550(Define(0x0EE78, "Bits of SCTP ports not compared (X550)"));
    internal static readonly Register FDIRM = Define(0x0EE70, "Fields not compared (8.2.3.21.9)");
    internal static readonly Register FDIRFREE = Define(0x0EE38, "Free filters (8.2.3.21.10)");
    internal static readonly Register FDIRLEN = Define(0x0EE4C, "Longest bucket (8.2.3.21.11)", access: ReadClear);
    internal static readonly Register FDIRUSTAT = Define(0x0EE50, "Filters added and removed (8.2.3.21.12)", access: ReadClear);
    internal static readonly Register FDIRFSTAT = Define(0x0EE54, "Failed additions and removals (8.2.3.21.13)", access: ReadClear);
    internal static readonly Register FDIRMATCH = Define(0x0EE58, "Packets that matched (8.2.3.21.14)", access: ReadClear);
    internal static readonly Register FDIRMISS = Define(0x0EE5C, "Packets that matched none (8.2.3.21.15)", access: ReadClear);
    internal static readonly Register FDIRSIPv6 = Define(0x0EE0C, "Filter: first words of an IPv6 address (8.2.3.21.16)", 0, 3);
    internal static readonly Register FDIRIPSA = Define(0x0EE18, "Filter: source address (8.2.3.21.17)");
    internal static readonly Register FDIRIPDA = Define(0x0EE1C, "Filter: destination address (8.2.3.21.18)");
    internal static readonly Register FDIRPORT = Define(0x0EE20, "Filter: ports (8.2.3.21.19)");
    internal static readonly Register FDIRVLAN = Define(0x0EE24, "Filter: VLAN tag, flexible bytes (8.2.3.21.20)");
    internal static readonly Register FDIRHASH = Define(0x0EE28, "Filter: bucket, signature or software index (8.2.3.21.21)");
    internal static readonly Register FDIRCMD = Define(0x0EE2C, "Command: add, remove, query a filter (8.2.3.21.22)");
    internal static class FDIRCTRL_
    {
        internal const uint AllocationMask = 3, InitDone = 1u << 3, PerfectMatch = 1u << 4, ReportStatus = 1u << 5,
            ReportStatusAlways = 1u << 7, FlexibleMask = 0x1F;
        internal const int DropQueueShift = 8, FlexibleShift = 16;
    }
    internal static class FDIRCMD_
    {
        internal const uint CommandMask = 3, Add = 1, Remove = 2, Query = 3, FilterValid = 1u << 2, Update = 1u << 3,
            ClearTable = 1u << 8, Drop = 1u << 9, QueueEnable = 1u << 15;
        internal const int FlowTypeShift = 5, QueueShift = 16;
    }
    internal static class FDIRHASH_ { internal const uint HashMask = 0x7FFF, BucketValid = 1u << 15; }
    internal static class FDIRM_ { internal const uint VlanId = 1, VlanPriority = 1u << 1, L4Protocol = 1u << 3, Flexible = 1u << 4; }
}
