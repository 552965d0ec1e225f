using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Port;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Port;

/// <summary>Link states and transitions (82599 datasheet 3.7, 4.6.4, 8.2.3.22.19 to 23).</summary>
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
        Assert.Equal(LINKS_.Up | LinkState.Speed10G, bench.Read(LINKS) & (LINKS_.Up | LinkState.SpeedMask));
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
        Assert.False(bench.Card.Link.IsUp); // 10 Gb/s serial against a partner of 1 Gb/s
        uint gigabit = AUTOC.Reset & ~(LinkState.ModeBitsMask << LinkState.AutocModeShift);
        bench.Write(AUTOC, gigabit);
        bench.Run();
        Assert.False(bench.Card.Link.IsUp);
        bench.Write(AUTOC, gigabit | AUTOC_.Restart);
        bench.Run();
        Assert.Equal(LINKS_.Up | LinkState.Speed1G, bench.Read(LINKS) & (LINKS_.Up | LinkState.SpeedMask));
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
        Assert.NotEqual(0u, bench.Read(LINKS) & LinkState.StillUp);
        bench.TestWire.Signal = false;
        bench.Run();
        bench.Read(LINKS);
        bench.TestWire.Signal = true;
        bench.Run();
        Assert.Equal(LINKS_.Up, bench.Read(LINKS) & (LINKS_.Up | LinkState.StillUp)); // up, but it has been down
        Assert.NotEqual(0u, bench.Read(LINKS) & LinkState.StillUp);
    }

    [Fact]
    public void Section_8_2_3_22_19_ForceLinkUpNeedsNoSignal()
    {
        using var bench = new CardBench();
        bench.TestWire.Signal = false;
        bench.Run();
        Assert.False(bench.Card.Link.IsUp);
        bench.Write(AUTOC, AUTOC.Reset | LinkState.ForceLinkUp);
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
        Assert.Equal(1u, bench.Read(MRFC)); // the far end sees no light and reports it
        bench.Write(ESDP, bench.Read(ESDP) & ~ESDP_.TxDisable);
        bench.Run();
        Assert.True(bench.Card.Link.IsUp);
    }

    [Fact]
    public void Section_8_2_3_1_4_InputPinsShowModuleAndSignal()
    {
        using var bench = new CardBench();
        Assert.Equal(SdpPins.ModulePresent, bench.Read(ESDP) & (SdpPins.ModulePresent | SdpPins.RxLoss));
        bench.Read(EICR);
        bench.Write(GPIE, 1u << 1); // an interrupt when SDP1 goes high
        bench.TestWire.Signal = false;
        bench.Run();
        Assert.Equal(
            SdpPins.ModulePresent | SdpPins.RxLoss, bench.Read(ESDP) & (SdpPins.ModulePresent | SdpPins.RxLoss));
        Assert.NotEqual(0u, bench.Read(EICR) & 1u << 25);
    }

    [Fact]
    public void Section_3_5_7_WithoutModuleThereIsNoLink()
    {
        using var bench = new CardBench(new IxgbeCardOptions { LinkUpDelay = 0, HasSfpModule = false });
        bench.Run();
        Assert.False(bench.Card.Link.IsUp);
        Assert.Equal(0u, bench.Read(ESDP) & SdpPins.ModulePresent);
    }

    [Fact]
    public void Sff8431_APinThatDrivesNothingLeavesTheModuleDark()
    {
        using var bench = new CardBench();
        bench.Run();
        bench.Write(ESDP, 0); // all pins are inputs: the module's own resistor pulls TX_DISABLE up
        bench.Run();
        Assert.False(bench.Card.Link.IsUp);
        bench.Write(ESDP, ESDP_.TxDisable << SdpPins.DirectionShift);
        bench.Run();
        Assert.True(bench.Card.Link.IsUp);
    }

    [Fact]
    public void Sff8431_RateSelectIsLowForOneGigabit()
    {
        const uint Outputs = (ESDP_.TxDisable | ESDP_.RateSelect) << SdpPins.DirectionShift;
        using var bench = new CardBench();
        bench.Run();
        bench.Write(ESDP, Outputs);
        bench.Run();
        Assert.False(bench.Card.Link.IsUp);
        bench.Write(ESDP, Outputs | ESDP_.RateSelect);
        bench.Run();
        Assert.True(bench.Card.Link.IsUp);
        using var slow = new CardBench(new IxgbeCardOptions { LinkUpDelay = 0, PartnerSpeedMbps = 1_000 });
        slow.Write(ESDP, Outputs);
        slow.Write(AUTOC, AUTOC.Reset & ~AUTOC_.ModeMask | AUTOC_.Restart);
        slow.Run();
        Assert.Equal(LINKS_.Up | LinkState.Speed1G, slow.Read(LINKS) & (LINKS_.Up | LinkState.SpeedMask));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Section_4_2_3_NoResetSwitchesTheLaserOn(bool byPci)
    {
        using var bench = new CardBench();
        bench.Write(ESDP, bench.Read(ESDP) | ESDP_.TxDisable);
        bench.Reset(byPci);
        Assert.NotEqual(0u, bench.Read(ESDP) & ESDP_.TxDisable);
        Assert.False(bench.Card.Link.IsUp);
    }

    // LINKS[27] and [29:28], as drivers of the X550 read them.
    [Theory]
    [InlineData(10_000, LinkState.Speed10G)]
    [InlineData(5_000, LinkState.Speed100M | LINKS_.OtherSpeed)]
    [InlineData(2_500, LinkState.Speed10G | LINKS_.OtherSpeed)]
    [InlineData(1_000, LinkState.Speed1G)]
    [InlineData(100, LinkState.Speed100M)]
    public void TheX550HasTwoMoreSpeeds(int partner, uint speed)
    {
        using var bench = new CardBench(
            new IxgbeCardOptions { DeviceId = 0x1563, LinkUpDelay = 0, PartnerSpeedMbps = partner });
        bench.Run();
        Assert.Equal(LINKS_.Up | speed, bench.Read(LINKS) & (LINKS_.Up | LinkState.SpeedMask | LINKS_.OtherSpeed));
        Assert.Equal(partner, bench.Card.Link.SpeedMbps);
    }

    [Fact]
    public void Section_8_2_3_22_20_Bit27IsAPartOfTheLinkModeOnTheOtherCards()
    {
        using var bench = new CardBench();
        bench.Run();
        Assert.Equal(2u, bench.Read(LINKS) >> LinkState.LinksModeShift & 3); // 10 Gb/s serial
    }

    [Theory]
    [InlineData(5_000, 1_000)]
    [InlineData(2_500, 1_000)]
    public void TheX540DoesNotHaveThem(int partner, int speed)
    {
        using var bench = new CardBench(
            new IxgbeCardOptions { DeviceId = 0x1528, LinkUpDelay = 0, PartnerSpeedMbps = partner });
        bench.Run();
        Assert.Equal(speed, bench.Card.Link.SpeedMbps);
    }

    // 1,514 bytes occupy 12,304 bits: 123.04 us at 100 Mb/s, a tenth of that at 1 Gb/s, a 25th at 2.5 Gb/s.
    [Theory]
    [InlineData(0x1528, 100, 123_040)]
    [InlineData(0x1563, 1_000, 12_304)]
    [InlineData(0x1563, 2_500, 4_921)]
    public void OnASlowLineFramesTakeTheirTime(int deviceId, int speed, long each)
    {
        const int Frames = 500;
        using var bench = new CardBench(
            new IxgbeCardOptions { DeviceId = (ushort)deviceId, LinkUpDelay = 0, PartnerSpeedMbps = speed });
        bench.Run();
        for (int i = 0; i < Frames; i++) bench.TestWire.Deliver(new byte[1514]);
        bench.Run(100 * each);
        Assert.InRange(Frames - bench.TestWire.Waiting, 98, 130); // at the start it makes up for 100 us
        int waiting = bench.TestWire.Waiting;
        bench.Run(100 * each);
        Assert.InRange(waiting - bench.TestWire.Waiting, 98, 102);
    }

    [Fact]
    public void OnASlowLineFramesLeaveInTheirTime()
    {
        const long Each = 12_304;
        using var bench = new TransmitBench(
            new CardBench(new IxgbeCardOptions { DeviceId = 0x1563, LinkUpDelay = 0, PartnerSpeedMbps = 1_000 }));
        var ring = bench.AddQueue(size: 512);
        for (int i = 0; i < 500; i++) ring.PutFrame(new byte[1514]);
        ring.Send();
        bench.Run(100 * Each);
        Assert.InRange(bench.Sent.Count, 98, 115);
        int sent = bench.Sent.Count;
        bench.Run(100 * Each);
        Assert.InRange(bench.Sent.Count - sent, 98, 102);
    }

    [Theory]
    [InlineData(10_000, LinkState.Speed10G)]
    [InlineData(1_000, LinkState.Speed1G)]
    [InlineData(100, LinkState.Speed100M)]
    public void TheX540TakesThePartnersSpeed(int partner, uint speed)
    {
        using var bench = new CardBench(
            new IxgbeCardOptions { DeviceId = 0x1528, LinkUpDelay = 0, PartnerSpeedMbps = partner });
        bench.Run();
        Assert.Equal(LINKS_.Up | speed, bench.Read(LINKS) & (LINKS_.Up | LinkState.SpeedMask));
        Assert.Equal(partner, bench.Card.Link.SpeedMbps);
    }
}
