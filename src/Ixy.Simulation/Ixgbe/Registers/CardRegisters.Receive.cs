using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Receive (8.2.3.7, 8.2.3.8): filters, queue selection and what only other drivers program.
internal static partial class CardRegisters
{
    // Layer 2 filters and offloads (8.2.3.7)
    internal static class RFCTL_ { internal const uint RscDisable = 1u << 5; }
    internal static class VLNCTRL_ { internal const uint EtherTypeMask = 0xFFFF, Cfi = 1u << 28, CfiEnable = 1u << 29, FilterEnable = 1u << 30; }
    internal static class MFLCN_ { internal const uint PassMacControl = 1, DiscardPause = 1u << 1, ObeyPause = 3u << 2; }
    internal static class PSRTYPE_ { internal const uint Tcp = 1u << 4, Udp = 1u << 5, IPv4 = 1u << 8, IPv6 = 1u << 9, L2 = 1u << 12; }

    // Queue selection (8.2.3.7)
    internal static readonly Register ETQS = Define("ETQS", 0x0EC00, ReadWrite, 0, "Queue of an EtherType filter (8.2.3.7.16)", 8);
    internal static readonly Register SAQF = Define("SAQF", 0x0E000, ReadWrite, 0, "5-tuple filter: source address (8.2.3.7.19)", 128);
    internal static readonly Register DAQF = Define("DAQF", 0x0E200, ReadWrite, 0, "5-tuple filter: destination address (8.2.3.7.20)", 128);
    internal static readonly Register SDPQF = Define("SDPQF", 0x0E400, ReadWrite, 0, "5-tuple filter: ports (8.2.3.7.21)", 128);
    // The reset value, 16 queues for each class, is not in the excerpts at hand; Linux writes the register, DPDK does not.
    internal static readonly Register RQTC = Define("RQTC", 0x0EC70, ReadWrite, 0x4444_4444, "RSS bits of each traffic class (8.2.3.7)");
    internal static readonly Register LLITHRESH = Define("LLITHRESH", 0x0EC90, ReadWrite, 0, "Rate of low latency interrupts (8.2.3.7)");
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
    internal static readonly Register RSCDBU = Define("RSCDBU", 0x03028, ReadWrite, 0x20, "Receive side coalescing, small packets (8.2.3.8.12)");
    internal static readonly Register RDDCC = Define("RDDCC", 0x02F20, ReadWrite, 0, "Receive DMA control C (8.2.3.8.11)");
    internal static readonly Register RXMEMWRAP = Define("RXMEMWRAP", 0x03190, ReadOnly, 0x8888_8888, "Packet buffers: empty, and how often they wrapped (8.2.3.8)");
    internal static readonly Register STARCTRL = Define("STARCTRL", 0x03024, ReadWrite, 0, "Receive packet buffer start control (8.2.3.8)");
    internal static readonly Register DCA_ID = Define("DCA_ID", 0x11070, ReadOnly, 0, "Requester id for direct cache access (8.2.3.11.3)");
    internal static class RXMEMWRAP_ { internal const uint WrapMask = 7, Empty = 8; }
    internal static class RXPBSIZE_ { internal const uint SizeMask = 0xF_FC00; }
    internal static class RSCCTL_ { internal const uint Enable = 1; }

    // Virtualisation (8.2.3.27), which drivers clear even where they do not use it
    internal static readonly Register PFVFRE = Define("PFVFRE", 0x051E0, ReadWrite, 0, "Pools that may receive (8.2.3.27.7)", 2);

    // Flow Director (8.2.3.21)
    internal static readonly Register FDIRHKEY = Define("FDIRHKEY", 0x0EE68, ReadWrite, 0, "Key of the bucket hash (8.2.3.21.2)");
    internal static readonly Register FDIRSKEY = Define("FDIRSKEY", 0x0EE6C, ReadWrite, 0, "Key of the signature hash (8.2.3.21.3)");
    internal static readonly Register FDIRDIP4M = Define("FDIRDIP4M", 0x0EE3C, ReadWrite, 0, "Bits of the IPv4 destination not compared (8.2.3.21.4)");
    internal static readonly Register FDIRSIP4M = Define("FDIRSIP4M", 0x0EE40, ReadWrite, 0, "Bits of the IPv4 source not compared (8.2.3.21.5)");
    internal static readonly Register FDIRTCPM = Define("FDIRTCPM", 0x0EE44, ReadWrite, 0, "Bits of TCP ports not compared (8.2.3.21.6)");
    internal static readonly Register FDIRUDPM = Define("FDIRUDPM", 0x0EE48, ReadWrite, 0, "Bits of UDP ports not compared (8.2.3.21.7)");
    internal static readonly Register FDIRIP6M = Define("FDIRIP6M", 0x0EE74, ReadWrite, 0, "Bytes of IPv6 addresses not compared (8.2.3.21.8)");
    internal static readonly Register FDIRSCTPM = SinceX550(Define("FDIRSCTPM", 0x0EE78, ReadWrite, 0, "Bits of SCTP ports not compared (X550)"));
    internal static readonly Register FDIRM = Define("FDIRM", 0x0EE70, ReadWrite, 0, "Fields not compared (8.2.3.21.9)");
    internal static readonly Register FDIRFREE = Define("FDIRFREE", 0x0EE38, ReadWrite, 0, "Free filters (8.2.3.21.10)");
    internal static readonly Register FDIRLEN = Define("FDIRLEN", 0x0EE4C, ReadClear, 0, "Longest bucket (8.2.3.21.11)");
    internal static readonly Register FDIRUSTAT = Define("FDIRUSTAT", 0x0EE50, ReadClear, 0, "Filters added and removed (8.2.3.21.12)");
    internal static readonly Register FDIRFSTAT = Define("FDIRFSTAT", 0x0EE54, ReadClear, 0, "Failed additions and removals (8.2.3.21.13)");
    internal static readonly Register FDIRMATCH = Define("FDIRMATCH", 0x0EE58, ReadClear, 0, "Packets that matched (8.2.3.21.14)");
    internal static readonly Register FDIRMISS = Define("FDIRMISS", 0x0EE5C, ReadClear, 0, "Packets that matched none (8.2.3.21.15)");
    internal static readonly Register FDIRSIPv6 = Define("FDIRSIPv6", 0x0EE0C, ReadWrite, 0, "Filter: first words of an IPv6 address (8.2.3.21.16)", 3);
    internal static readonly Register FDIRIPSA = Define("FDIRIPSA", 0x0EE18, ReadWrite, 0, "Filter: source address (8.2.3.21.17)");
    internal static readonly Register FDIRIPDA = Define("FDIRIPDA", 0x0EE1C, ReadWrite, 0, "Filter: destination address (8.2.3.21.18)");
    internal static readonly Register FDIRPORT = Define("FDIRPORT", 0x0EE20, ReadWrite, 0, "Filter: ports (8.2.3.21.19)");
    internal static readonly Register FDIRVLAN = Define("FDIRVLAN", 0x0EE24, ReadWrite, 0, "Filter: VLAN tag, flexible bytes (8.2.3.21.20)");
    internal static readonly Register FDIRHASH = Define("FDIRHASH", 0x0EE28, ReadWrite, 0, "Filter: bucket, signature or software index (8.2.3.21.21)");
    internal static readonly Register FDIRCMD = Define("FDIRCMD", 0x0EE2C, ReadWrite, 0, "Command: add, remove, query a filter (8.2.3.21.22)");
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
