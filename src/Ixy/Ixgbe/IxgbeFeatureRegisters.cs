namespace Ixy.Ixgbe;

/// <summary>
/// Registers and fields of features a forwarder does not need: filters, RSS, interrupts, and the PHY of an X540 or
/// X550. Declared as in <see cref="IxgbeRegisters"/>.
/// </summary>
public static class IxgbeFeatureRegisters
{
    /// <summary>Every register of this table, in order.</summary>
    public static IReadOnlyList<Register> All => field ??= Register.DeclaredIn(typeof(IxgbeFeatureRegisters));

    // Filters (8.2.3.7)
    public static readonly Register RAL = new(0x0A200, "Receive address, low 32 bits (8.2.3.7.8)", 0, 128, 8);
    public static readonly Register MCSTCTRL = new(0x05090, "Multicast control: table on, which bits (8.2.3.7.3)");
    public static class RAH_ { public const uint AddressMask = 0xFFFF, Valid = 1u << 31; }
    public static class MCSTCTRL_ { public const uint FilterEnable = 1u << 2; }

    // RSS (8.2.3.7)
    public static readonly Register RSSRK = new(0x05C80, "RSS key, 40 bytes (8.2.3.7.14)", 0, 10);
    public static readonly Register RETA = new(0x05C00, "RSS table, four entries each (8.2.3.7.13)", 0, 32);
    public static readonly Register ERETA = new(0x0EE80, "RSS table, entries 128-511 (X550)", 0, 96);
    public static readonly Register RXCSUM = new(0x05000, "Receive checksum control (8.2.3.7.5)");
    public static readonly Register MRQC = new(0x05818, "Multiple receive queues: RSS and hash types (8.2.3.7.12)");
    public static class RXCSUM_ { public const uint RssHashInDescriptor = 1u << 13; }
    public static class MRQC_
    {
        public const uint RssOnly = 1, TcpIPv4 = 1u << 16, IPv4 = 1u << 17, IPv6 = 1u << 20, TcpIPv6 = 1u << 21;
        public const uint UdpIPv4 = 1u << 22, UdpIPv6 = 1u << 23;
    }

    // Interrupts (8.2.3.5)
    public static readonly Register EIMS_EX = new(0x00AA0, "Interrupt mask set, causes 0-63 (8.2.3.5)", 0, 2);
    public static readonly Register EIAM_EX = new(0x00AD0, "Auto-mask, causes 0-63 (8.2.3.5)", 0, 2);
    public static readonly Register EIAC = new(0x00810, "Causes cleared when their MSI-X message is sent (8.2.3.5)");
    public static readonly Register GPIE = new(0x00898, "Interrupt mode: MSI-X, auto-mask, SDP causes (8.2.3.5.18)");
    public static readonly Register IVAR = new(0x00900, "Vectors of two queue pairs (8.2.3.5.15)", 0, 64);
    public static readonly Register EITR = new(
        0x00820, "Interval between interrupts of a vector (8.2.3.5.12)", Count: 129, Split: 24, Upper: 0x12300);
    public static class EIAC_ { public const uint Queues = 0xFFFF; }
    public static class GPIE_
    {
        public const uint MultipleMsix = 1u << 4, OtherClearDisable = 1u << 5;
        public const uint AutoMask = 1u << 30, PbaSupport = 1u << 31;
    }
    public static class IVAR_
    {
        public const uint Valid = 0x80;
        public const int QueueShift = 16;
    }
    public static class EITR_
    {
        public const int IntervalShift = 3, IntervalUnit = 2_048; // nanoseconds
        public const uint CounterWriteDisable = 1u << 31;
    }

    // EEPROM (8.2.3.2)
    public static readonly Register EERD = new(0x10014, "EEPROM read: address, start, done, data (8.2.3.2.2)");
    public static class EERD_
    {
        public const uint Start = 1, Done = 2;
        public const int AddressShift = 2, DataShift = 16;
    }

    // Semaphores (8.2.3.4, 10.5.4) and MDIO (8.2.3.22), the way to the PHY
    public static readonly Register SWSM = new(0x10140, "Software semaphore: SMBI, SWESMBI (8.2.3.4)");
    public static readonly Register SW_FW_SYNC = new(0x10160, "Who uses EEPROM, PHYs, MAC (8.2.3.4)");
    public static readonly Register MSCA = new(0x0425C, "MDI command: address, operation (8.2.3.22.11)");
    public static readonly Register MSRWD = new(0x04260, "MDI data, written low and read high (8.2.3.22.12)");
    public static class SWSM_ { public const uint SMBI = 1, SWESMBI = 1u << 1; }
    public static class SW_FW_SYNC_
    {
        public const uint Phy0 = 1u << 1, Phy1 = 1u << 2, Registers = 1u << 31;
        public const int FirmwareShift = 5;
    }
    public static class MSCA_
    {
        public const int RegisterShift = 0, DeviceShift = 16, PhyShift = 21, OperationShift = 26;
        public const uint Command = 1u << 30, Address = 0, Write = 1, Read = 3;
    }
}
