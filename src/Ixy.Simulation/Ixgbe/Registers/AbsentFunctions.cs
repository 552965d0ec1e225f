using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Registers;

/// <summary>
/// Functions that software can turn on by a register but this card does not have. Its capability bits say so
/// (docs/simulated-card.md); turning one on anyway is reported.
/// </summary>
internal static class AbsentFunctions
{
    private const string NoOffload = "offload-not-available", NotModelled = "not-modelled";

    private static readonly Entry[] s_all =
    [
        new(IPSTXIDX, 1, NoOffload, "8.2.3.14",
            "IPsec was enabled for packets sent: SECTXSTAT says that it is fused off"),
        new(IPSRXIDX, 1, NoOffload, "8.2.3.14",
            "IPsec was enabled for received packets: SECRXSTAT says that it is fused off"),
        new(LSECTXCTRL, 3, NoOffload, "8.2.3.13", "MACsec was enabled for packets sent: LSECTXCAP offers none"),
        new(LSECRXCTRL, 3 << 2, NoOffload, "8.2.3.13",
            "MACsec was enabled for received packets: LSECRXCAP offers none"),
        new(WUFC, uint.MaxValue, NotModelled, "8.2.3.24.2",
            "a wake-up filter was enabled: neither EEPROM nor PMC offer wake-up"),
        new(PFVTCTL, 1, NotModelled, "8.2.3.27.1",
            "pools were enabled: they are not modelled, frames go to queues without them"),
    ];

    internal static void Watch(IxgbeCard card)
    {
        foreach (var absent in s_all)
            card.Registers.OnWrite(absent.Register, (_, value) => Write(card, absent, value));
    }

    private static void Write(IxgbeCard card, Entry absent, uint value)
    {
        uint turnedOn = value & ~card.Registers[absent.Register] & absent.Enables;
        card.Registers[absent.Register] = value;
        if (turnedOn != 0)
            card.Violations.Add(absent.Rule, absent.Register.Name, value, absent.Section, absent.Explanation);
    }

    /// <summary>Bits of a register that turn something on.</summary>
    private sealed record Entry(Register Register, uint Enables, string Rule, string Section, string Explanation);
}
