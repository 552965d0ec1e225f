using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Port;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;
using LINKS_ = Ixy.Ixgbe.IxgbeRegisters.LINKS_;

namespace Ixy.Simulation.Tests.Ixgbe.Port;

/// <summary>
/// MDIO and the 10GBASE-T PHY behind it (82599 datasheet 3.7.7, 8.2.3.22.11; X540 datasheet chapter 9; IEEE 802.3
/// clause 45).
/// </summary>
public sealed class CopperPhyTests
{
    private const int Pma = 1, AutoNegotiation = 7, Vendor = 0x1E;

    [Theory]
    [InlineData(0x1528, 0x0200)]
    [InlineData(0x1563, 0x0221)]
    public void ThePhyTellsWhatItIsAndCan(int deviceId, int low)
    {
        using var bench = Bench(deviceId);
        Assert.Equal((0x0154, low), (Read(bench, Pma, 2), Read(bench, Pma, 3)));
        Assert.Equal(0x31, Read(bench, Pma, 4)); // 10 Gb/s, 1 Gb/s, 100 Mb/s
        Assert.Equal(0xA4, Read(bench, Pma, 0xB));
        Assert.Empty(bench.Card.Violations.All);
    }

    [Fact]
    public void Section_8_2_3_22_11_ACycleTakesItsTimeAndClearsItsCommandBit()
    {
        using var bench = Bench(0x1528);
        bench.Write(MSCA, Command(MSCA_.Address, Pma, 2));
        Assert.NotEqual(0u, bench.Read(MSCA) & MSCA_.Command);
        bench.Run(Mdio.CycleTime + 1_000);
        Assert.Equal(0u, bench.Read(MSCA) & MSCA_.Command);
    }

    [Fact]
    public void Section_8_2_3_22_11_ACycleDuringACycleIsAViolation()
    {
        using var bench = Bench(0x1528);
        bench.Write(MSCA, Command(MSCA_.Address, Pma, 2));
        bench.Write(MSCA, Command(MSCA_.Read, Pma, 2));
        Assert.Equal("mdio-while-busy", Assert.Single(bench.Card.Violations.All).Rule);
    }

    [Fact]
    public void Section_10_5_4_ACycleWithoutAPhySemaphoreIsAViolation()
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = 0x1528 });
        bench.Write(MSCA, Command(MSCA_.Address, Pma, 2));
        var violation = Assert.Single(bench.Card.Violations.All);
        Assert.Equal(("phy-without-semaphore", "MSCA"), (violation.Rule, violation.Register));
    }

    [Fact]
    public void NobodyAnswersOnACardWithAnSfpCage()
    {
        using var bench = Bench(0x10FB);
        Assert.Equal(0xFFFF, Read(bench, Pma, 2));
    }

    [Fact]
    public void ReadsGoOnWithTheNextRegister()
    {
        using var bench = Bench(0x1528);
        Cycle(bench, MSCA_.Address, Pma, 2);
        Cycle(bench, Mdio.ReadNext, Pma, 0);
        Assert.Equal(0x0154u, bench.Read(MSRWD) >> 16);
        Cycle(bench, Mdio.ReadNext, Pma, 0);
        Assert.Equal(0x0200u, bench.Read(MSRWD) >> 16);
    }

    [Fact]
    public void LinkStatusLatchesLowAndTheVendorRegistersTellTheSpeed()
    {
        using var bench = Bench(0x1528);
        bench.Run();
        Assert.Equal(0, Read(bench, AutoNegotiation, 1) & 4); // latched: it has been down since power-on
        Assert.Equal(4, Read(bench, AutoNegotiation, 1) & 4);
        Assert.Equal(7, Read(bench, AutoNegotiation, 0xC800)); // 10 Gb/s, full duplex
        Assert.Equal(8, Read(bench, Vendor, 1) & 0x18);
        Assert.Equal(1, Read(bench, AutoNegotiation, 0xCC01)); // link status changed
        Assert.Equal(0, Read(bench, AutoNegotiation, 0xCC01));
    }

    [Fact]
    public void WhatIsNotAdvertisedIsNotNegotiated()
    {
        using var bench = Bench(0x1528);
        bench.Run();
        Write(bench, AutoNegotiation, 0x20, 0); // no 10GBASE-T
        Write(bench, AutoNegotiation, 0xC400, 0); // no 1000BASE-T
        Write(bench, AutoNegotiation, 0x10, 1); // no 100BASE-TX
        Write(bench, AutoNegotiation, 0, 0x3200); // restart
        Assert.Equal(0x3000, Read(bench, AutoNegotiation, 0)); // clears itself
        Assert.False(bench.Card.Link.IsUp);
        Write(bench, AutoNegotiation, 0x20, 0x1000);
        Write(bench, AutoNegotiation, 0, 0x3200);
        bench.Run();
        Assert.Equal(LINKS_.Up | LinkState.Speed10G, bench.Read(LINKS) & (LINKS_.Up | LinkState.SpeedMask));
    }

    [Fact]
    public void AFasterPartnerFallsBackToWhatIsAdvertised()
    {
        using var bench = Bench(0x1528);
        Write(bench, AutoNegotiation, 0x20, 0);
        Write(bench, AutoNegotiation, 0, 0x3200);
        bench.Run();
        Assert.Equal(LINKS_.Up | LinkState.Speed1G, bench.Read(LINKS) & (LINKS_.Up | LinkState.SpeedMask));
    }

    // IEEE 802.3: bits 15:14 of status 2 are 10 if the device is present (45.2.1.7.1 and similar); a bus scan checks
    // them.
    [Theory]
    [InlineData(0x1528)]
    [InlineData(0x1563)]
    public void Section_45_2_1_7_EveryPartSaysThatItIsThere(int deviceId)
    {
        using var bench = Bench(deviceId);
        foreach (int device in (int[])[Pma, 3, 4, Vendor])
        {
            Assert.Equal(2, Read(bench, device, 8) >> 14);
            Write(bench, device, 8, 0);
            Assert.Equal(2, Read(bench, device, 8) >> 14);
            Assert.Equal((0x9A, 0x4000), (Read(bench, device, 5), Read(bench, device, 6))); // 1, 3, 4, 7 and 30
        }
        Assert.NotEqual(0, Read(bench, Pma, 8) & 1 << 9); // 1.11 has the other abilities
        Assert.NotEqual(2, Read(bench, 2, 8) >> 14); // no WAN interface
    }

    [Theory]
    [InlineData(Vendor, 0, 1 << 11)]
    [InlineData(Pma, 0, 1 << 11)]
    [InlineData(3, 0, 1 << 11)]
    [InlineData(4, 0, 1 << 11)]
    [InlineData(Pma, 0, 1)]
    [InlineData(3, 0, 1 << 14)]
    [InlineData(4, 0, 1 << 14)]
    [InlineData(Pma, 9, 1)]
    public void LowPowerLoopbackAndASilencedTransmitterTakeTheLinkDown(int device, int address, int bit)
    {
        using var bench = Bench(0x1528);
        bench.Run();
        Assert.True(bench.Card.Link.IsUp);
        int value = Read(bench, device, address);
        Write(bench, device, address, (ushort)(value | bit));
        Assert.Equal(0u, bench.Read(LINKS) & LINKS_.Up);
        Assert.Equal(0u, bench.Read(MRFC)); // there is no partner to report anything
        bench.Run();
        Assert.False(bench.Card.Link.IsUp);
        Write(bench, device, address, (ushort)value);
        bench.Run();
        Assert.True(bench.Card.Link.IsUp);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AResetOfTheCardDoesNotWakeThePhyAndItsOwnDoes(bool byPci)
    {
        using var bench = Bench(0x1528);
        Write(bench, Vendor, 0, 1 << 11);
        bench.Reset(byPci);
        Assert.False(bench.Card.Link.IsUp);
        Own(bench);
        Assert.Equal(1 << 11, Read(bench, Vendor, 0));
        Write(bench, 4, 0, 0x8000);
        bench.Run();
        Assert.True(bench.Card.Link.IsUp);
    }

    [Fact]
    public void WithoutNegotiationThereIsNoLink()
    {
        using var bench = Bench(0x1528);
        Write(bench, AutoNegotiation, 0, 0);
        Write(bench, AutoNegotiation, 0, 1 << 9);
        bench.Run();
        Assert.False(bench.Card.Link.IsUp);
    }

    [Theory]
    [InlineData(10_000, 3)]
    [InlineData(5_000, 5)]
    [InlineData(2_500, 4)]
    [InlineData(1_000, 2)]
    [InlineData(100, 1)]
    public void TheX550sPhyTellsItsSpeeds(int speed, int code)
    {
        using var bench = new CardBench(
            new IxgbeCardOptions { DeviceId = 0x1563, LinkUpDelay = 0, PartnerSpeedMbps = speed });
        Own(bench);
        bench.Run();
        Assert.Equal(code << 1 | 1, Read(bench, AutoNegotiation, 0xC800));
    }

    [Fact]
    public void TheX550FallsBackWhenTheOtherSpeedsAreNotOffered()
    {
        using var bench = new CardBench(
            new IxgbeCardOptions { DeviceId = 0x1563, LinkUpDelay = 0, PartnerSpeedMbps = 5_000 });
        Own(bench);
        Write(bench, AutoNegotiation, 0xC400, 1 << 15 | 1 << 10);
        Write(bench, AutoNegotiation, 0, 0x3200);
        bench.Run();
        Assert.Equal(2_500, bench.Card.Link.SpeedMbps);
        Write(bench, AutoNegotiation, 0xC400, 1 << 15);
        Write(bench, AutoNegotiation, 0, 0x3200);
        bench.Run();
        Assert.Equal(1_000, bench.Card.Link.SpeedMbps);
    }

    [Fact]
    public void AResetOfThePhyClearsItselfAndRenegotiates()
    {
        using var bench = Bench(0x1528);
        bench.Run();
        Write(bench, AutoNegotiation, 0x20, 0);
        Write(bench, 4, 0, 0x8000);
        Assert.Equal(0, Read(bench, 4, 0) & 0x8000);
        Assert.Equal(0x1000, Read(bench, AutoNegotiation, 0x20));
        bench.Run();
        Assert.True(bench.Card.Link.IsUp);
    }

    private static CardBench Bench(int deviceId)
    {
        var bench = new CardBench(new IxgbeCardOptions { DeviceId = (ushort)deviceId, LinkUpDelay = 0 });
        if (deviceId == 0x10FB) SfpModuleTests.Own(bench);
        else Own(bench);
        return bench;
    }

    private static void Own(CardBench bench)
    {
        bench.Read(SW_FW_SYNC);
        bench.Write(SW_FW_SYNC, SW_FW_SYNC_.Phy0);
    }

    private static uint Command(uint operation, int device, int address) =>
        MSCA_.Command | operation << MSCA_.OperationShift | (uint)device << MSCA_.DeviceShift | (uint)address;

    private static void Cycle(CardBench bench, uint operation, int device, int address)
    {
        bench.Write(MSCA, Command(operation, device, address));
        bench.Run(Mdio.CycleTime + 1_000);
    }

    private static int Read(CardBench bench, int device, int address)
    {
        Cycle(bench, MSCA_.Address, device, address);
        Cycle(bench, MSCA_.Read, device, address);
        return (int)(bench.Read(MSRWD) >> 16);
    }

    private static void Write(CardBench bench, int device, int address, ushort value)
    {
        Cycle(bench, MSCA_.Address, device, address);
        bench.Write(MSRWD, value);
        Cycle(bench, MSCA_.Write, device, address);
    }
}
