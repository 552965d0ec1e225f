using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// General control (8.2.3.1), EEPROM and flash (8.2.3.2), semaphores and firmware (8.2.3.4, 10.5.4).
internal static partial class CardRegisters
{
    // Pins, LEDs, timers
    internal static readonly Register I2CCTL = Define(0x00028, "I2C pins (8.2.3.1.5)", 0xA);
    internal static readonly Register I2CCTL_X550 = SinceX550(Define(0x15F5C, "I2C pins (X550)"));
    internal static readonly Register MAC_GPIO = SinceX540(Define(0x00030, "MAC pins (X540 and X550)"));
    internal static readonly Register TSSDP = SinceX540(Define(0x0003C, "Time sync pins (X540 and X550)"));
    internal static readonly Register FRTIMER = Define(0x00048, "Free running microseconds (8.2.3.1)");
    internal static readonly Register TCPTIMER = Define(0x0004C, "TCP timer (8.2.3.1)");
    internal static readonly Register LEDCTL = Define(0x00200, "Lights: mode, blink, invert (8.2.3.1)", 0x0504_0100);
    internal static readonly Register EXVET = Define(0x05078, "EtherType of the outer VLAN tag (8.2.3.1)", 0x8100_0000);
    internal static class I2CCTL_ { public const uint ClockIn = 1, ClockOut = 1u << 1, DataIn = 1u << 2, DataOut = 1u << 3; }

    // EEPROM
    internal static readonly Register EEWR = Define(0x10018, "EEPROM write: address, data, start, done (8.2.3.2)");
    internal static readonly Register EEMNGCTL = Define(0x10110, "Firmware's EEPROM access, configuration done (8.2.3.2)", 0x8000_0000);
    internal static readonly Register EEMNGDATA = Define(0x10114, "Firmware's EEPROM data (8.2.3.2)", access: ReadOnly);
    internal static class EEMNGCTL_ { public const uint ConfigurationDone0 = 1u << 18, ConfigurationDone1 = 1u << 19; }

    // Flash
    internal static readonly Register FLA = Define(0x1001C, "Flash access by bits (8.2.3.2)");
    internal static readonly Register FLMNGCTL = Define(0x10118, "Firmware's flash access (8.2.3.2)", 0x4000_0000);
    internal static readonly Register FLMNGDATA = Define(0x1011C, "Firmware's flash data (8.2.3.2)", access: ReadOnly);
    internal static readonly Register FLMNGCNT = Define(0x10120, "Firmware's flash count (8.2.3.2)");
    internal static readonly Register FLOP = Define(0x1013C, "Flash erase and write operation codes (8.2.3.2)", 0x0000_20D8);
    internal static readonly Register GRC = Define(0x10200, "Manageability and wake-up enabled (8.2.3.2)");
    internal static readonly Register SRAMREL = SinceX540(Define(0x10210, "Shadow RAM reload done (X540 and X550)", 1, access: ReadOnly));
    internal static readonly Register VPDDIAG = Define(0x10204, "VPD diagnostics (8.2.3.2)", 0, 2, access: ReadOnly);

    // Semaphores and firmware
    internal static readonly Register FWSM = Define(0x10148, "Firmware: valid, no manageability mode (8.2.3.4)", 0x0000_8000, access: ReadOnly);
    internal static readonly Register FACTPS = Define(0x10150, "Power states of the functions: 0 is there and active (8.2.3.4)", 6, access: ReadOnly);
}
