using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// General control (8.2.3.1), EEPROM and flash (8.2.3.2), semaphores and firmware (8.2.3.4, 10.5.4).
internal static partial class CardRegisters
{
    // Pins, lights, timers
    internal static readonly Register I2CCTL = Define("I2CCTL", 0x00028, ReadWrite, 0xA, "I2C pins (8.2.3.1.5)");
    internal static readonly Register I2CCTL_X550 = SinceX550(Define("I2CCTL_X550", 0x15F5C, ReadWrite, 0, "I2C pins (X550)"));
    internal static readonly Register MAC_GPIO = SinceX540(Define("MAC_GPIO", 0x00030, ReadWrite, 0, "MAC pins (X540 and X550)"));
    internal static readonly Register TSSDP = SinceX540(Define("TSSDP", 0x0003C, ReadWrite, 0, "Time sync pins (X540 and X550)"));
    internal static readonly Register FRTIMER = Define("FRTIMER", 0x00048, ReadWrite, 0, "Free running microseconds (8.2.3.1)");
    internal static readonly Register TCPTIMER = Define("TCPTIMER", 0x0004C, ReadWrite, 0, "TCP timer (8.2.3.1)");
    internal static readonly Register LEDCTL = Define("LEDCTL", 0x00200, ReadWrite, 0x0504_0100, "Lights: mode, blink, invert (8.2.3.1)");
    internal static readonly Register EXVET = Define("EXVET", 0x05078, ReadWrite, 0x8100_0000, "EtherType of the outer VLAN tag (8.2.3.1)");
    internal static class I2CCTL_ { public const uint ClockIn = 1, ClockOut = 1u << 1, DataIn = 1u << 2, DataOut = 1u << 3; }

    // EEPROM
    internal static readonly Register EERD = Define("EERD", 0x10014, ReadWrite, 0, "EEPROM read: address, start, done, data (8.2.3.2.2)");
    internal static readonly Register EEWR = Define("EEWR", 0x10018, ReadWrite, 0, "EEPROM write: address, data, start, done (8.2.3.2)");
    internal static readonly Register EEMNGCTL = Define("EEMNGCTL", 0x10110, ReadWrite, 0x8000_0000, "Firmware's EEPROM access, configuration done (8.2.3.2)");
    internal static readonly Register EEMNGDATA = Define("EEMNGDATA", 0x10114, ReadOnly, 0, "Firmware's EEPROM data (8.2.3.2)");
    internal static class EERD_ { public const uint Start = 1, Done = 2; public const int AddressShift = 2, DataShift = 16; }
    internal static class EEMNGCTL_ { public const uint ConfigurationDone0 = 1u << 18, ConfigurationDone1 = 1u << 19; }

    // Flash
    internal static readonly Register FLA = Define("FLA", 0x1001C, ReadWrite, 0, "Flash access by bits (8.2.3.2)");
    internal static readonly Register FLMNGCTL = Define("FLMNGCTL", 0x10118, ReadWrite, 0x4000_0000, "Firmware's flash access (8.2.3.2)");
    internal static readonly Register FLMNGDATA = Define("FLMNGDATA", 0x1011C, ReadOnly, 0, "Firmware's flash data (8.2.3.2)");
    internal static readonly Register FLMNGCNT = Define("FLMNGCNT", 0x10120, ReadWrite, 0, "Firmware's flash count (8.2.3.2)");
    internal static readonly Register FLOP = Define("FLOP", 0x1013C, ReadWrite, 0x0000_20D8, "Flash erase and write operation codes (8.2.3.2)");
    internal static readonly Register GRC = Define("GRC", 0x10200, ReadWrite, 0, "Manageability and wake-up enabled (8.2.3.2)");
    internal static readonly Register SRAMREL = SinceX540(Define("SRAMREL", 0x10210, ReadOnly, 1, "Shadow RAM reload done (X540 and X550)"));
    internal static readonly Register VPDDIAG = Define("VPDDIAG", 0x10204, ReadOnly, 0, "VPD diagnostics (8.2.3.2)", 2);

    // Semaphores and firmware
    internal static readonly Register FWSM = Define("FWSM", 0x10148, ReadOnly, 0x0000_8000, "Firmware: valid, no manageability mode (8.2.3.4)");
    internal static readonly Register FACTPS = Define("FACTPS", 0x10150, ReadOnly, 6, "Power states of the functions: 0 is there and active (8.2.3.4)");
}
