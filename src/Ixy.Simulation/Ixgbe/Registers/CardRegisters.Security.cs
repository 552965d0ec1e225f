using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Security blocks (8.2.3.12), MACsec (8.2.3.13), IPsec (8.2.3.14), time sync (8.2.3.26), wake-up (8.2.3.24).
internal static partial class CardRegisters
{
    internal static readonly Register SECTXCTRL = Define(0x08800, "Transmit security: off, halt, store and forward (8.2.3.12.1)", 1);
    internal static readonly Register SECTXSTAT = Define(0x08804, "Transmit security is empty (8.2.3.12.2)", access: ReadOnly);
    internal static readonly Register SECTXBUFFAF = Define(0x08808, "Transmit security buffer almost full (8.2.3.12.3)", 0x250);
    internal static readonly Register SECTXMINIFG = Define(0x08810, "Least gap between security packets (8.2.3.12.4)", 0x1001);
    internal static class SECCTRL_ { public const uint Off = 1, Halt = 1u << 1; }
    internal static class SECSTAT_ { public const uint Ready = 1, FusedOff = 1u << 1; }

    // MACsec
    internal static readonly Register LSECTXCAP = Define(0x08A00, "MACsec transmit capabilities (8.2.3.13)", access: ReadOnly);
    internal static readonly Register LSECTXCTRL = Define(0x08A04, "MACsec transmit control (8.2.3.13)");
    internal static readonly Register LSECTXSC = Define(0x08A08, "MACsec transmit channel id (8.2.3.13)", 0, 2);
    internal static readonly Register LSECTXSA = Define(0x08A10, "MACsec transmit association (8.2.3.13)");
    internal static readonly Register LSECTXPN = Define(0x08A14, "MACsec next packet numbers (8.2.3.13)", 0, 2);
    internal static readonly Register LSECTXKEY = Define(0x08A1C, "MACsec transmit keys, two of 16 bytes (8.2.3.13)", 0, 8, access: WriteOnly);
    internal static readonly Register LSECTXSTAT = Define(0x08A3C, "MACsec transmit counters (8.2.3.13)", 0, 5, access: ReadClear);
    internal static readonly Register LSECRXCAP = Define(0x08F00, "MACsec receive capabilities (8.2.3.13)", access: ReadOnly);
    internal static readonly Register LSECRXCTRL = Define(0x08F04, "MACsec receive control (8.2.3.13)");
    internal static readonly Register LSECRXSC = Define(0x08F08, "MACsec receive channel id (8.2.3.13)", 0, 2);
    internal static readonly Register LSECRXSA = Define(0x08F10, "MACsec receive associations (8.2.3.13)", 0, 2);
    internal static readonly Register LSECRXPN = Define(0x08F18, "MACsec received packet numbers (8.2.3.13)", 0, 2);
    internal static readonly Register LSECRXKEY = Define(0x08F20, "MACsec receive keys, two of 16 bytes (8.2.3.13)", 0, 8, access: WriteOnly);
    internal static readonly Register LSECRXSTAT = Define(0x08F40, "MACsec receive counters (8.2.3.13)", 0, 17, access: ReadClear);

    // IPsec
    internal static readonly Register IPSTXIDX = Define(0x08900, "IPsec transmit association index (8.2.3.14)");
    internal static readonly Register IPSTXSALT = Define(0x08904, "IPsec transmit salt (8.2.3.14)");
    internal static readonly Register IPSTXKEY = Define(0x08908, "IPsec transmit key (8.2.3.14)", 0, 4);
    internal static readonly Register IPSRXIDX = Define(0x08E00, "IPsec receive table access (8.2.3.14)");
    internal static readonly Register IPSRXIPADDR = Define(0x08E04, "IPsec receive address (8.2.3.14)", 0, 4);
    internal static readonly Register IPSRXSPI = Define(0x08E14, "IPsec receive SPI (8.2.3.14)");
    internal static readonly Register IPSRXIPIDX = Define(0x08E18, "IPsec receive address index (8.2.3.14)");
    internal static readonly Register IPSRXKEY = Define(0x08E1C, "IPsec receive key (8.2.3.14)", 0, 4);
    internal static readonly Register IPSRXSALT = Define(0x08E2C, "IPsec receive salt (8.2.3.14)");
    internal static readonly Register IPSRXMOD = Define(0x08E30, "IPsec receive mode (8.2.3.14)");

    // Time sync
    internal static readonly Register TSYNCRXCTL = Define(0x05188, "Receive time stamps: which, valid (8.2.3.26.1)");
    internal static readonly Register RXSTMPL = Define(0x051E8, "Receive time stamp, low (8.2.3.26.2)", access: ReadOnly);
    internal static readonly Register RXSTMPH = Define(0x051A4, "Receive time stamp, high (8.2.3.26.3)", access: ReadOnly);
    internal static readonly Register RXSATRL = Define(0x051A0, "Source of the stamped packet, low (8.2.3.26.4)", access: ReadOnly);
    internal static readonly Register RXSATRH = Define(0x051A8, "Source of the stamped packet, high, and its sequence (8.2.3.26.5)", access: ReadOnly);
    internal static readonly Register RXMTRL = Define(0x05120, "PTP messages to stamp, UDP port (8.2.3.26.6)", 0x319 << 16);
    internal static readonly Register TSYNCTXCTL = Define(0x08C00, "Transmit time stamps: on, valid (8.2.3.26.7)");
    internal static readonly Register TXSTMP = Define(0x08C04, "Transmit time stamp (8.2.3.26.8)", 0, 2, access: ReadOnly);
    internal static readonly Register SYSTIML = Define(0x08C0C, "System time, low: reading it holds the high half (8.2.3.26.10)");
    internal static readonly Register SYSTIMH = Define(0x08C10, "System time, high (8.2.3.26.11)");
    internal static readonly Register TIMINCA = Define(0x08C14, "Increment and its period in clocks (8.2.3.26.12)");
    internal static readonly Register TIMADJ = Define(0x08C18, "Adjustment, low and high with sign (8.2.3.26.13)", 0, 2);
    internal static readonly Register TSAUXC = Define(0x08C20, "Auxiliary time functions (8.2.3.26.15)");
    internal static readonly Register TRGTTIM = Define(0x08C24, "Target times, two of two words (8.2.3.26.16)", 0, 4);
    internal static readonly Register FREQOUT = Define(0x08C34, "Clock out (8.2.3.26)", 0, 2);
    internal static readonly Register AUXSTMP = Define(0x08C3C, "Auxiliary time stamps (8.2.3.26.20)", 0, 4, access: ReadOnly);
    internal static readonly Register SYSTIMR = SinceX550(Define(0x08C58, "System time below a nanosecond (X550)"));
    internal static readonly Register TSICR = SinceX550(Define(0x08C60, "Time sync interrupt cause (X550)", access: ReadClearWriteOneClear));
    internal static readonly Register TSIM = SinceX550(Define(0x08C68, "Time sync interrupt mask (X550)"));

    // Wake-up
    internal static readonly Register WUC = Define(0x05800, "Wake-up control (8.2.3.24.1)");
    internal static readonly Register WUFC = Define(0x05808, "Wake-up filters (8.2.3.24.2)");
    internal static readonly Register WUS = Define(0x05810, "Wake-up status (8.2.3.24)", access: ReadClearWriteOneClear);
    internal static readonly Register IPAV = Define(0x05838, "Wake-up addresses valid (8.2.3.24.3)");
    internal static readonly Register IP4AT = Define(0x05840, "IPv4 addresses for ARP (8.2.3.24.4)", 0, 4, 8);
    internal static readonly Register IP6AT = Define(0x05880, "IPv6 address (8.2.3.24.5)", 0, 4);
    internal static readonly Register WUPL = Define(0x05900, "Length of the wake-up packet (8.2.3.24.6)", access: ReadOnly);
    internal static readonly Register WUPM = Define(0x05A00, "Wake-up packet (8.2.3.24.7)", 0, 32, access: ReadOnly);
    internal static readonly Register FHFT = Define(0x09000, "Flexible wake-up filters, four of 64 words (8.2.3.24.8)", 0, 256);
    internal static readonly Register FHFT_EXT = Define(0x09800, "Flexible wake-up filters 4 and 5 (8.2.3.24)", 0, 128);
    internal static class TSYNCTXCTL_ { public const uint Valid = 1, Enable = 1u << 4; }
    internal static class TSYNCRXCTL_
    {
        public const uint Valid = 1, Enable = 1u << 4, TypeMask = 7;
        public const uint L2Version2 = 0, L4Version1 = 1, Version2 = 2, All = 4, Version2Events = 5;
        public const int TypeShift = 1, PriorityShift = 24;

        /// <summary>A stamp after packets without VLAN tag, and after all packets that may get one (X550).</summary>
        public const uint Untagged = 1u << 23, InPacket = 0xFF80_0000;
    }
    internal static class RXMTRL_
    {
        public const int MessageShift = 8, PortShift = 16;

        /// <summary>The port of PTP events, 319. The 82599 has 0x319 instead.</summary>
        public const uint X550Reset = 0x13F << 16;
    }
    internal static class TSAUXC_
    {
        /// <summary>Target times, clock outputs, hardware time stamps (bits 0 to 2, 5, 8, 10).</summary>
        public const uint Pins = 7 | 1u << 5 | 1u << 8 | 1u << 10;

        public const uint X550Sample0 = 1u << 3, X550Sample1 = 1u << 6, X550Samples = X550Sample0 | X550Sample1;
        public const uint X550Taken0 = 1u << 9, X550Taken1 = 1u << 11, X550Taken = X550Taken0 | X550Taken1;
        public const uint DisableSystemTime = 1u << 31, X550Reset = DisableSystemTime | 1u << 30;
    }
    internal static class TSICR_ { public const uint Wrapped = 1, TransmitStamp = 2, ReceiveStamp = 4, Adjusted = 1u << 7; }
}
