using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>
/// What the card does not have is not advertised in its registers, its EEPROM or its configuration space: the table in
/// docs/simulated-card.md, on all three cards.
/// </summary>
public sealed class CapabilityBitTests
{
    public static TheoryData<int> Cards => [0x10FB, 0x1528, 0x1563];

    public static TheoryData<string, uint, string> Enables => new()
    {
        { "IPSTXIDX", 1, "offload-not-available" }, { "IPSRXIDX", 1, "offload-not-available" },
        { "LSECTXCTRL", 2, "offload-not-available" }, { "LSECRXCTRL", 1 << 2, "offload-not-available" },
        { "WUFC", 1 << 1, "not-modelled" }, { "PFVTCTL", 1, "not-modelled" },
    };

    [Theory]
    [MemberData(nameof(Cards))]
    public void Section_8_2_3_12_IPsecIsFusedOff(int deviceId)
    {
        using var bench = Bench(deviceId);
        Assert.Equal((2u, 2u), (bench.Read(SECTXSTAT) & 2, bench.Read(IxgbeRegisters.SECRXSTAT) & 2));
        bench.Write(SECTXCTRL, 0);
        bench.Write(IxgbeRegisters.SECRXCTRL, 0);
        Assert.Equal((1u, 1u), (bench.Read(SECTXCTRL) & 1, bench.Read(IxgbeRegisters.SECRXCTRL) & 1));
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void Section_8_2_3_13_ThereIsNoMacSec(int deviceId)
    {
        using var bench = Bench(deviceId);
        Assert.Equal((0u, 0u), (bench.Read(LSECTXCAP), bench.Read(LSECRXCAP)));
    }

    // EEPROM word 0x2C: bit 1 means no FCoE, bits 2 and 3 wake-up on both ports or on the first (as Linux's ixgbe reads
    // them).
    [Theory]
    [MemberData(nameof(Cards))]
    public void TheEepromOffersNeitherFCoENorWakeUp(int deviceId)
    {
        using var bench = Bench(deviceId);
        Assert.Equal(2u, Word(bench, 0x2C) & 0xE);
        Assert.Equal(0u, bench.Read(GRC));
    }

    // A pointer of all ones means that the section is absent. Thermal sensor, alternative address, its SAN counterpart,
    // iSCSI.
    [Theory]
    [MemberData(nameof(Cards))]
    public void TheEepromPointsToNothingThatIsNotThere(int deviceId)
    {
        using var bench = Bench(deviceId);
        Assert.Equal(0u, Word(bench, 0x26));
        Assert.Equal([0xFFFFu, 0xFFFF, 0xFFFF], new[] { 0x37, 0x27, 0x17 }.Select(address => Word(bench, address)));
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void Section_9_3_6_TheFunctionSignalsNoPme(int deviceId)
    {
        using var bench = Bench(deviceId);
        Assert.Equal(0u, bench.Config(0x42, 2) >> 11);
        bench.SetConfig(0x44, 0x8100, 2);
        Assert.Equal(0u, bench.Config(0x44, 2) & 0x8100);
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void Section_9_4_4_ThereAreNoVirtualFunctions(int deviceId)
    {
        using var bench = Bench(deviceId);
        for (uint at = 0x100; at != 0; at = bench.Config((int)at) >> 20)
            Assert.NotEqual(0x10u, bench.Config((int)at, 2));
        Assert.Equal(0u, bench.Read(IxgbeRegisters.STATUS) >> 10 & 0x1FF); // count, and whether they are enabled
    }

    // No boot ROM, no atomic operations, latency tolerance, buffer flush or the like.
    [Theory]
    [MemberData(nameof(Cards))]
    public void Section_9_3_ThereIsNoBootRomAndNoneOfTheLaterPcieFeatures(int deviceId)
    {
        using var bench = Bench(deviceId);
        bench.SetConfig(0x30, uint.MaxValue);
        Assert.Equal(0u, bench.Config(0x30));
        Assert.Equal(0u, bench.Config(0xC4) >> 5);
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void ThereIsNoManagementAndNoEnergyEfficientEthernet(int deviceId)
    {
        using var bench = Bench(deviceId);
        Assert.Equal(0u, bench.Read(FWSM) & 0xE);
        Assert.Equal(0u, bench.Read(EEE_STAT));
    }

    // 8.2.3.11.4: off after reset. All it does is put a hint into bus requests, which software cannot see.
    [Theory]
    [MemberData(nameof(Cards))]
    public void DirectCacheAccessIsOff(int deviceId)
    {
        using var bench = Bench(deviceId);
        Assert.Equal(1u, bench.Read(DCA_CTRL) & 1);
    }

    [Theory]
    [MemberData(nameof(Enables))]
    public void WhoTurnsItOnAllTheSameIsTold(string name, uint value, string rule)
    {
        using var bench = Bench(0x10FB);
        var register = CardRegisters.All.Single(register => register.Name == name);
        bench.Write(register, 0);
        Assert.Empty(bench.Card.Violations.All);
        bench.Write(register, value);
        bench.Write(register, value);
        Assert.Equal(
            (rule, name), Assert.Single(bench.Card.Violations.All.Select(found => (found.Rule, found.Register))));
    }

    private static CardBench Bench(int deviceId) =>
        new(new IxgbeCardOptions { DeviceId = (ushort)deviceId, LinkUpDelay = 0 });

    private static uint Word(CardBench bench, int address)
    {
        bench.Write(EERD, (uint)address << 2 | 1);
        bench.Run();
        return bench.Read(EERD) >> 16;
    }
}
