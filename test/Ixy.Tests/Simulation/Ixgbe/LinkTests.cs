using Ixy.Simulation.Ixgbe;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.CardRegisters;

namespace Ixy.Tests.Simulation.Ixgbe;

/// <summary>The link's life (82599 datasheet 3.7, 4.6.4, 8.2.3.22.19 to 23).</summary>
public sealed class LinkTests
{
    private const long Millisecond = 1_000_000, Delay = 20 * Millisecond;

    [Fact]
    public void Section_4_6_4_TheLinkComesUpAfterItsDelay()
    {
        using var bench = new CardBench(new IxgbeCardOptions { LinkUpDelay = Delay });
        bench.Run(Delay / 2);
        Assert.Equal(0u, bench.Read(LINKS) & LINKS_.Up);
        bench.Run(Delay);
        Assert.Equal(LINKS_.Up | LINKS_.Speed10G, bench.Read(LINKS) & (LINKS_.Up | LINKS_.SpeedMask));
        Assert.True(bench.Card.Link.IsUp);
        Assert.Equal(10_000, bench.Card.Link.SpeedMbps);
        Assert.NotEqual(0u, bench.Read(STATUS) & 1u << 7);
    }

    [Fact]
    public void Section_8_2_3_22_19_RestartTakesTheLinkDownAndClearsItself()
    {
        using var bench = new CardBench(new IxgbeCardOptions { LinkUpDelay = Delay });
        bench.Run(2 * Delay);
        bench.Write(AUTOC, AUTOC.Reset | AUTOC_.Restart);
        Assert.Equal(AUTOC.Reset, bench.Read(AUTOC));
        Assert.False(bench.Card.Link.IsUp);
        Assert.NotEqual(0u, bench.Read(ANLP1) & ANLP1_.AnStateMask);
        bench.Run(2 * Delay);
        Assert.True(bench.Card.Link.IsUp);
    }

    [Fact]
    public void Section_8_2_3_22_19_ANewLinkModeTakesEffectWithRestart()
    {
        using var bench = new CardBench(new IxgbeCardOptions { LinkUpDelay = 0, PartnerSpeedMbps = 1_000 });
        bench.Run();
        Assert.False(bench.Card.Link.IsUp); // 10 Gb/s serial meets a partner of 1 Gb/s
        uint gigabit = AUTOC.Reset & ~(AUTOC_.LinkModeBits << AUTOC_.LinkModeShift);
        bench.Write(AUTOC, gigabit);
        bench.Run();
        Assert.False(bench.Card.Link.IsUp);
        bench.Write(AUTOC, gigabit | AUTOC_.Restart);
        bench.Run();
        Assert.Equal(LINKS_.Up | LINKS_.Speed1G, bench.Read(LINKS) & (LINKS_.Up | LINKS_.SpeedMask));
        Assert.Equal(PCS1GLSTA_.LinkOk, bench.Read(PCS1GLSTA) & PCS1GLSTA_.LinkOk);
    }

    [Fact]
    public void Section_3_7_ALossOfSignalIsToldByLinksEicrAndMlfc()
    {
        using var bench = new CardBench();
        bench.Run();
        bench.Read(EICR);
        bench.TestWire.Signal = false;
        bench.Run();
        Assert.Equal(0u, bench.Read(LINKS) & LINKS_.Up);
        Assert.NotEqual(0u, bench.Read(EICR) & EICR_.LinkChange);
        Assert.Equal(1u, bench.Read(MLFC));
        bench.TestWire.Signal = true;
        bench.Run();
        Assert.NotEqual(0u, bench.Read(LINKS) & LINKS_.Up);
        Assert.NotEqual(0u, bench.Read(EICR) & EICR_.LinkChange);
    }

    [Fact]
    public void Section_8_2_3_22_20_LinkStatusLatchesAFlapUntilItIsRead()
    {
        using var bench = new CardBench();
        bench.Run();
        bench.Read(LINKS);
        Assert.NotEqual(0u, bench.Read(LINKS) & LINKS_.StillUp);
        bench.TestWire.Signal = false;
        bench.Run();
        bench.Read(LINKS);
        bench.TestWire.Signal = true;
        bench.Run();
        Assert.Equal(LINKS_.Up, bench.Read(LINKS) & (LINKS_.Up | LINKS_.StillUp)); // up, but it was down
        Assert.NotEqual(0u, bench.Read(LINKS) & LINKS_.StillUp);
    }

    [Fact]
    public void Section_8_2_3_22_19_ForceLinkUpNeedsNoSignal()
    {
        using var bench = new CardBench();
        bench.TestWire.Signal = false;
        bench.Run();
        Assert.False(bench.Card.Link.IsUp);
        bench.Write(AUTOC, AUTOC.Reset | AUTOC_.ForceLinkUp);
        bench.Run();
        Assert.True(bench.Card.Link.IsUp);
    }

    [Fact]
    public void Section_8_2_3_22_22_LinkDisableTakesTheLinkDown()
    {
        using var bench = new CardBench();
        bench.Run();
        bench.Write(AUTOC2, AUTOC2.Reset | 1u << 28);
        Assert.False(bench.Card.Link.IsUp);
        bench.Write(AUTOC2, AUTOC2.Reset);
        bench.Run();
        Assert.True(bench.Card.Link.IsUp);
    }

    [Fact]
    public void Section_3_5_7_TheLaserIsSwitchedOffBySdp3()
    {
        using var bench = new CardBench();
        bench.Run();
        bench.Write(ESDP, bench.Read(ESDP) | ESDP_.TxDisable);
        bench.Run();
        Assert.False(bench.Card.Link.IsUp);
        Assert.Equal(1u, bench.Read(MRFC)); // the far end sees no light and says so
        bench.Write(ESDP, bench.Read(ESDP) & ~ESDP_.TxDisable);
        bench.Run();
        Assert.True(bench.Card.Link.IsUp);
    }

    [Fact]
    public void Section_8_2_3_1_4_InputPinsShowModuleAndSignal()
    {
        using var bench = new CardBench();
        Assert.Equal(ESDP_.ModulePresent, bench.Read(ESDP) & (ESDP_.ModulePresent | ESDP_.RxLoss));
        bench.Read(EICR);
        bench.Write(GPIE, 1u << 1); // an interrupt when SDP1 goes high
        bench.TestWire.Signal = false;
        bench.Run();
        Assert.Equal(ESDP_.ModulePresent | ESDP_.RxLoss, bench.Read(ESDP) & (ESDP_.ModulePresent | ESDP_.RxLoss));
        Assert.NotEqual(0u, bench.Read(EICR) & 1u << 25);
    }

    [Fact]
    public void Section_3_5_7_WithoutModuleThereIsNoLink()
    {
        using var bench = new CardBench(new IxgbeCardOptions { LinkUpDelay = 0, HasSfpModule = false });
        bench.Run();
        Assert.False(bench.Card.Link.IsUp);
        Assert.Equal(0u, bench.Read(ESDP) & ESDP_.ModulePresent);
    }

    [Theory]
    [InlineData(10_000, LINKS_.Speed10G)]
    [InlineData(1_000, LINKS_.Speed1G)]
    [InlineData(100, LINKS_.Speed100M)]
    public void TheX540TakesThePartnersSpeed(int partner, uint speed)
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = 0x1528, LinkUpDelay = 0, PartnerSpeedMbps = partner });
        bench.Run();
        Assert.Equal(LINKS_.Up | speed, bench.Read(LINKS) & (LINKS_.Up | LINKS_.SpeedMask));
        Assert.Equal(partner, bench.Card.Link.SpeedMbps);
    }
}
