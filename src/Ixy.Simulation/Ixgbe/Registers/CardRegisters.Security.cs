using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Security blocks (8.2.3.12), MACsec (8.2.3.13), IPsec (8.2.3.14), time sync (8.2.3.26), wake-up (8.2.3.24).
internal static partial class CardRegisters
{
    internal static readonly Register SECTXCTRL = Define("SECTXCTRL", 0x08800, ReadWrite, 1, "Transmit security: off, halt, store and forward (8.2.3.12.1)");
    internal static readonly Register SECTXSTAT = Define("SECTXSTAT", 0x08804, ReadOnly, 0, "Transmit security is empty (8.2.3.12.2)");
    internal static readonly Register SECTXBUFFAF = Define("SECTXBUFFAF", 0x08808, ReadWrite, 0x250, "Transmit security buffer almost full (8.2.3.12.3)");
    internal static readonly Register SECTXMINIFG = Define("SECTXMINIFG", 0x08810, ReadWrite, 0x1001, "Least gap between security packets (8.2.3.12.4)");
    internal static class SECCTRL_ { public const uint Off = 1, Halt = 1u << 1; }
    internal static class SECSTAT_ { public const uint Ready = 1, FusedOff = 1u << 1; }

    // MACsec
    internal static readonly Register LSECTXCAP = Define("LSECTXCAP", 0x08A00, ReadOnly, 0, "MACsec transmit capabilities (8.2.3.13)");
    internal static readonly Register LSECTXCTRL = Define("LSECTXCTRL", 0x08A04, ReadWrite, 0, "MACsec transmit control (8.2.3.13)");
    internal static readonly Register LSECTXSC = Define("LSECTXSC", 0x08A08, ReadWrite, 0, "MACsec transmit channel id (8.2.3.13)", 2);
    internal static readonly Register LSECTXSA = Define("LSECTXSA", 0x08A10, ReadWrite, 0, "MACsec transmit association (8.2.3.13)");
    internal static readonly Register LSECTXPN = Define("LSECTXPN", 0x08A14, ReadWrite, 0, "MACsec next packet numbers (8.2.3.13)", 2);
    internal static readonly Register LSECTXKEY = Define("LSECTXKEY", 0x08A1C, WriteOnly, 0, "MACsec transmit keys, two of 16 bytes (8.2.3.13)", 8);
    internal static readonly Register LSECTXSTAT = Define("LSECTXSTAT", 0x08A3C, ReadClear, 0, "MACsec transmit counters (8.2.3.13)", 5);
    internal static readonly Register LSECRXCAP = Define("LSECRXCAP", 0x08F00, ReadOnly, 0, "MACsec receive capabilities (8.2.3.13)");
    internal static readonly Register LSECRXCTRL = Define("LSECRXCTRL", 0x08F04, ReadWrite, 0, "MACsec receive control (8.2.3.13)");
    internal static readonly Register LSECRXSC = Define("LSECRXSC", 0x08F08, ReadWrite, 0, "MACsec receive channel id (8.2.3.13)", 2);
    internal static readonly Register LSECRXSA = Define("LSECRXSA", 0x08F10, ReadWrite, 0, "MACsec receive associations (8.2.3.13)", 2);
    internal static readonly Register LSECRXPN = Define("LSECRXPN", 0x08F18, ReadWrite, 0, "MACsec received packet numbers (8.2.3.13)", 2);
    internal static readonly Register LSECRXKEY = Define("LSECRXKEY", 0x08F20, WriteOnly, 0, "MACsec receive keys, two of 16 bytes (8.2.3.13)", 8);
    internal static readonly Register LSECRXSTAT = Define("LSECRXSTAT", 0x08F40, ReadClear, 0, "MACsec receive counters (8.2.3.13)", 17);

    // IPsec
    internal static readonly Register IPSTXIDX = Define("IPSTXIDX", 0x08900, ReadWrite, 0, "IPsec transmit association index (8.2.3.14)");
    internal static readonly Register IPSTXSALT = Define("IPSTXSALT", 0x08904, ReadWrite, 0, "IPsec transmit salt (8.2.3.14)");
    internal static readonly Register IPSTXKEY = Define("IPSTXKEY", 0x08908, ReadWrite, 0, "IPsec transmit key (8.2.3.14)", 4);
    internal static readonly Register IPSRXIDX = Define("IPSRXIDX", 0x08E00, ReadWrite, 0, "IPsec receive table access (8.2.3.14)");
    internal static readonly Register IPSRXIPADDR = Define("IPSRXIPADDR", 0x08E04, ReadWrite, 0, "IPsec receive address (8.2.3.14)", 4);
    internal static readonly Register IPSRXSPI = Define("IPSRXSPI", 0x08E14, ReadWrite, 0, "IPsec receive SPI (8.2.3.14)");
    internal static readonly Register IPSRXIPIDX = Define("IPSRXIPIDX", 0x08E18, ReadWrite, 0, "IPsec receive address index (8.2.3.14)");
    internal static readonly Register IPSRXKEY = Define("IPSRXKEY", 0x08E1C, ReadWrite, 0, "IPsec receive key (8.2.3.14)", 4);
    internal static readonly Register IPSRXSALT = Define("IPSRXSALT", 0x08E2C, ReadWrite, 0, "IPsec receive salt (8.2.3.14)");
    internal static readonly Register IPSRXMOD = Define("IPSRXMOD", 0x08E30, ReadWrite, 0, "IPsec receive mode (8.2.3.14)");

    // Time sync
    internal static readonly Register TSYNCRXCTL = Define("TSYNCRXCTL", 0x05188, ReadWrite, 0, "Receive time stamps: which, valid (8.2.3.26.1)");
    internal static readonly Register RXSTMPL = Define("RXSTMPL", 0x051E8, ReadOnly, 0, "Receive time stamp, low (8.2.3.26.2)");
    internal static readonly Register RXSTMPH = Define("RXSTMPH", 0x051A4, ReadOnly, 0, "Receive time stamp, high (8.2.3.26.3)");
    internal static readonly Register RXSATRL = Define("RXSATRL", 0x051A0, ReadOnly, 0, "Source of the stamped packet, low (8.2.3.26.4)");
    internal static readonly Register RXSATRH = Define("RXSATRH", 0x051A8, ReadOnly, 0, "Source of the stamped packet, high, and its sequence (8.2.3.26.5)");
    internal static readonly Register RXMTRL = Define("RXMTRL", 0x05120, ReadWrite, 0x319 << 16, "PTP messages to stamp, UDP port (8.2.3.26.6)");
    internal static readonly Register TSYNCTXCTL = Define("TSYNCTXCTL", 0x08C00, ReadWrite, 0, "Transmit time stamps: on, valid (8.2.3.26.7)");
    internal static readonly Register TXSTMP = Define("TXSTMP", 0x08C04, ReadOnly, 0, "Transmit time stamp (8.2.3.26.8)", 2);
    internal static readonly Register SYSTIML = Define("SYSTIML", 0x08C0C, ReadWrite, 0, "System time, low: reading it holds the high half (8.2.3.26.10)");
    internal static readonly Register SYSTIMH = Define("SYSTIMH", 0x08C10, ReadWrite, 0, "System time, high (8.2.3.26.11)");
    internal static readonly Register TIMINCA = Define("TIMINCA", 0x08C14, ReadWrite, 0, "Increment and its period in clocks (8.2.3.26.12)");
    internal static readonly Register TIMADJ = Define("TIMADJ", 0x08C18, ReadWrite, 0, "Adjustment, low and high with sign (8.2.3.26.13)", 2);
    internal static readonly Register TSAUXC = Define("TSAUXC", 0x08C20, ReadWrite, 0, "Auxiliary time functions (8.2.3.26.15)");
    internal static readonly Register TRGTTIM = Define("TRGTTIM", 0x08C24, ReadWrite, 0, "Target times, two of two words (8.2.3.26.16)", 4);
    internal static readonly Register FREQOUT = Define("FREQOUT", 0x08C34, ReadWrite, 0, "Clock out (8.2.3.26)", 2);
    internal static readonly Register AUXSTMP = Define("AUXSTMP", 0x08C3C, ReadOnly, 0, "Auxiliary time stamps (8.2.3.26.20)", 4);
    internal static readonly Register SYSTIMR = SinceX550(Define("SYSTIMR", 0x08C58, ReadWrite, 0, "System time below a nanosecond (X550)"));
    internal static readonly Register TSICR = SinceX550(Define("TSICR", 0x08C60, ReadClearWriteOneClear, 0, "Time sync interrupt cause (X550)"));
    internal static readonly Register TSIM = SinceX550(Define("TSIM", 0x08C68, ReadWrite, 0, "Time sync interrupt mask (X550)"));

    // Wake-up
    internal static readonly Register WUC = Define("WUC", 0x05800, ReadWrite, 0, "Wake-up control (8.2.3.24.1)");
    internal static readonly Register WUFC = Define("WUFC", 0x05808, ReadWrite, 0, "Wake-up filters (8.2.3.24.2)");
    internal static readonly Register WUS = Define("WUS", 0x05810, ReadClearWriteOneClear, 0, "Wake-up status (8.2.3.24)");
    internal static readonly Register IPAV = Define("IPAV", 0x05838, ReadWrite, 0, "Wake-up addresses valid (8.2.3.24.3)");
    internal static readonly Register IP4AT = Define("IP4AT", 0x05840, ReadWrite, 0, "IPv4 addresses for ARP (8.2.3.24.4)", 4, 8);
    internal static readonly Register IP6AT = Define("IP6AT", 0x05880, ReadWrite, 0, "IPv6 address (8.2.3.24.5)", 4);
    internal static readonly Register WUPL = Define("WUPL", 0x05900, ReadOnly, 0, "Length of the wake-up packet (8.2.3.24.6)");
    internal static readonly Register WUPM = Define("WUPM", 0x05A00, ReadOnly, 0, "Wake-up packet (8.2.3.24.7)", 32);
    internal static readonly Register FHFT = Define("FHFT", 0x09000, ReadWrite, 0, "Flexible wake-up filters, four of 64 words (8.2.3.24.8)", 256);
    internal static readonly Register FHFT_EXT = Define("FHFT_EXT", 0x09800, ReadWrite, 0, "Flexible wake-up filters 4 and 5 (8.2.3.24)", 128);
    internal static class TSYNCTXCTL_ { public const uint Valid = 1, Enable = 1u << 4; }
    internal static class TSYNCRXCTL_
    {
        public const uint Valid = 1, Enable = 1u << 4, TypeMask = 7;
        public const uint L2Version2 = 0, L4Version1 = 1, Version2 = 2, All = 4, Version2Events = 5;
        public const int TypeShift = 1, PriorityShift = 24;

        /// <summary>A stamp behind packets without VLAN tag, and behind all packets that may get one (X550).</summary>
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
