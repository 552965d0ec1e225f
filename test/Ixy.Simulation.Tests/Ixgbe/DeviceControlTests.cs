using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>Resets and the master disable handshake (82599 datasheet 4.2.1.6, 4.6.3, 5.2.5.3.2, 8.2.3.1).</summary>
public sealed class DeviceControlTests
{
    private const long Millisecond = 1_000_000;

    [Fact]
    public void Section_8_2_3_1_1_ResetBitsClearThemselves()
    {
        using var bench = new CardBench();
        bench.Write(CTRL, CTRL_.RST | CTRL_.LRST);
        Assert.Equal(CTRL_.RST | CTRL_.LRST, bench.Read(CTRL));
        bench.Run(2_000);
        Assert.Equal(0u, bench.Read(CTRL));
    }

    [Fact]
    public void Section_4_2_1_6_ASoftwareResetSetsRegistersBackAndReadsTheEepromAgain()
    {
        using var bench = new CardBench();
        uint low = bench.Read(RAL), high = bench.Read(RAH);
        bench.Write(HLREG0, 0);
        bench.Write(EITR, 0x100, 3);
        bench.Write(RAL, 0xDEAD_BEEF);
        bench.Write(RAH, 0x8000_1234);
        Reset(bench, CTRL_.RST);
        Assert.Equal(HLREG0.Reset, bench.Read(HLREG0));
        Assert.Equal(0u, bench.Read(EITR, 3));
        Assert.Equal((low, high), (bench.Read(RAL), bench.Read(RAH)));
    }

    [Fact]
    public void Section_4_2_3_TablesWithoutResetValueSurviveASoftwareReset()
    {
        using var bench = new CardBench();
        bench.Write(MTA, 0x1234_5678, 7);
        bench.Write(RAL, 0x0403_0201, 5);
        bench.Write(RAH, 0x8000_0605, 5);
        bench.Write(LEDCTL, 0x0E0E_0E0E);
        Reset(bench, CTRL_.RST);
        Assert.Equal(0x1234_5678u, bench.Read(MTA, 7));
        Assert.Equal(0x0403_0201u, bench.Read(RAL, 5));
        Assert.Equal(0x8000_0605u, bench.Read(RAH, 5));
        Assert.Equal(0x0E0E_0E0Eu, bench.Read(LEDCTL));
    }

    [Fact]
    public void Section_9_3_APciResetSetsRegistersBack()
    {
        using var bench = new CardBench();
        bench.Write(HLREG0, 0);
        bench.Write(MAXFRS, 0x2400_0000);
        bench.Read(SWSM);
        bench.Card.PciReset();
        bench.Card.WriteConfig(0x04, 0x0006, 2);
        bench.Run(10 * Millisecond);
        Assert.Equal((HLREG0.Reset, MAXFRS.Reset), (bench.Read(HLREG0), bench.Read(MAXFRS)));
        Assert.Equal(0u, bench.Read(SWSM));
    }

    // Memories have no reset value, and LEDs and pins are reset only at power-on: FLR and the return from D3hot leave
    // them unchanged, as a software reset does.
    [Theory]
    [InlineData("function")]
    [InlineData("D3hot")]
    public void Section_4_2_3_WhatOnlyPowerOnResetsSurvivesAPciReset(string reset)
    {
        using var bench = new CardBench();
        (Register Register, int Index, uint Value)[] kept =
        [
            (MTA, 7, 0x1234_5678), (VFTA, 3, 0x8765_4321), (FTQF, 9, 0x8000_0001), (PFUTA, 4, 0x0101_0101),
            (LEDCTL, 0, 0x0E0E_0E0E), (FLA, 0, 0x10), (ESDP, 0, 0x080C),
        ];
        foreach (var (register, index, value) in kept) bench.Write(register, value, index);
        bench.Write(I2CCTL, 0); // both lines are pulled low
        bench.Write(HLREG0, 0);
        if (reset == "function")
        {
            bench.Card.PciReset();
        }
        else
        {
            bench.Card.WriteConfig(0x44, 3, 2);
            bench.Card.WriteConfig(0x44, 0, 2);
        }
        bench.Card.WriteConfig(0x04, 0x0006, 2);
        bench.Run(10 * Millisecond);
        Assert.Equal(
            kept, kept.Select(before => (before.Register, before.Index, bench.Read(before.Register, before.Index))));
        Assert.Equal(0u, bench.Read(I2CCTL));
        Assert.Equal(HLREG0.Reset, bench.Read(HLREG0));
    }

    [Fact]
    public void Section_4_6_3_AutoReadAndDmaInitialisationTakeTheirTimeAfterAReset()
    {
        using var bench = new CardBench();
        Assert.NotEqual(0u, bench.Read(EEC) & EEC_.AutoReadDone); // long after power-on
        Assert.NotEqual(0u, bench.Read(RDRXCTL) & RDRXCTL_.DmaInitDone);
        bench.Write(CTRL, CTRL_.RST);
        Assert.Equal(0u, bench.Read(EEC) & EEC_.AutoReadDone);
        bench.Run(DeviceControl.AutoReadDone);
        Assert.NotEqual(0u, bench.Read(EEC) & EEC_.AutoReadDone);
        Assert.Equal(0u, bench.Read(RDRXCTL) & RDRXCTL_.DmaInitDone);
        bench.Run(DeviceControl.DmaInitDone);
        Assert.NotEqual(0u, bench.Read(RDRXCTL) & RDRXCTL_.DmaInitDone);
        Assert.Equal(0u, bench.Read(EEMNGCTL) & EEMNGCTL_.ConfigurationDone0);
        bench.Run(DeviceControl.ConfigurationDone);
        Assert.NotEqual(0u, bench.Read(EEMNGCTL) & EEMNGCTL_.ConfigurationDone0);
    }

    [Fact]
    public void Section_8_2_3_8_8_DmaInitDoneIsReadOnly()
    {
        using var bench = new CardBench();
        bench.Write(CTRL, CTRL_.RST);
        bench.Write(RDRXCTL, RDRXCTL_.DmaInitDone | RDRXCTL_.CrcStrip);
        Assert.Equal(RDRXCTL_.CrcStrip, bench.Read(RDRXCTL) & (RDRXCTL_.DmaInitDone | RDRXCTL_.CrcStrip));
    }

    [Fact]
    public void Section_4_6_3_2_AnAccessWithinTenMillisecondsOfAResetIsAViolation()
    {
        using var bench = new CardBench();
        bench.Write(CTRL, CTRL_.RST);
        bench.Read(CTRL);
        bench.Read(STATUS);
        Assert.Empty(bench.Card.Violations.All); // registers that show whether the reset is over may be read
        bench.Run(5 * Millisecond);
        bench.Write(IxgbeRegisters.EIMC, 0x7FFF_FFFF);
        bench.Read(LINKS);
        var violation = Assert.Single(bench.Card.Violations.All); // reported once per reset
        Assert.Equal(("access-during-reset", "EIMC"), (violation.Rule, violation.Register));
    }

    [Fact]
    public void Section_4_6_3_2_AfterTenMillisecondsRegistersMayBeAccessed()
    {
        using var bench = new CardBench();
        bench.Write(CTRL, CTRL_.RST);
        bench.Run(10 * Millisecond);
        bench.Write(IxgbeRegisters.EIMC, 0x7FFF_FFFF);
        Assert.Empty(bench.Card.Violations.All);
    }

    [Fact]
    public void Section_5_2_5_3_2_MasterEnableStatusFollowsMasterDisable()
    {
        using var bench = new CardBench();
        Assert.NotEqual(0u, bench.Read(STATUS) & STATUS_.MasterEnable);
        bench.Write(CTRL, CTRL_.MasterDisable);
        Assert.NotEqual(0u, bench.Read(STATUS) & STATUS_.MasterEnable); // requests in progress complete first
        bench.Run(2_000);
        Assert.Equal(0u, bench.Read(STATUS) & STATUS_.MasterEnable);
        bench.Write(CTRL, 0);
        Assert.NotEqual(0u, bench.Read(STATUS) & STATUS_.MasterEnable);
    }

    [Fact]
    public void Section_5_2_5_3_2_AResetEndsMasterDisable()
    {
        using var bench = new CardBench();
        bench.Write(CTRL, CTRL_.MasterDisable);
        bench.Write(CTRL, CTRL_.MasterDisable | CTRL_.RST);
        bench.Run(10 * Millisecond);
        Assert.Equal(0u, bench.Read(CTRL));
        Assert.NotEqual(0u, bench.Read(STATUS) & STATUS_.MasterEnable);
    }

    [Fact]
    public void Section_4_2_1_6_1_AResetWhileAQueueRunsNeedsMasterDisable()
    {
        using var bench = new CardBench();
        StartQueue(bench);
        bench.Write(CTRL, CTRL_.RST);
        var violation = Assert.Single(bench.Card.Violations.All);
        Assert.Equal(("reset-while-busy", "CTRL"), (violation.Rule, violation.Register));
    }

    [Fact]
    public void Section_4_2_1_6_1_AResetAfterMasterDisableIsFine()
    {
        using var bench = new CardBench();
        StartQueue(bench);
        bench.Write(CTRL, CTRL_.MasterDisable);
        bench.Run(2_000);
        bench.Write(CTRL, CTRL_.MasterDisable | CTRL_.RST);
        Assert.Empty(bench.Card.Violations.All);
    }

    private static void StartQueue(CardBench bench)
    {
        bench.Write(DMATXCTL, bench.Read(DMATXCTL) | DMATXCTL_.Enable);
        bench.Write(TDBAL, (uint)bench.Allocate(1024), 3);
        bench.Write(TDBAH, (uint)(CardBench.Iova >> 32), 3);
        bench.Write(TDLEN, 1024, 3);
        bench.Write(TXDCTL, TXDCTL_.Enable, 3);
    }

    [Fact]
    public void Section_8_2_3_1_1_ReservedBitsOfCtrlAreAViolation()
    {
        using var bench = new CardBench();
        bench.Write(CTRL, 1u << 6);
        var violation = Assert.Single(bench.Card.Violations.All);
        Assert.Equal(("reserved-bits", "CTRL"), (violation.Rule, violation.Register));
        Assert.Equal(0u, bench.Read(CTRL));
    }

    [Fact]
    public void Section_8_2_3_1_3_DriverLoadedStaysUntilAReset()
    {
        using var bench = new CardBench();
        bench.Write(CTRL_EXT, CTRL_EXT_.DriverLoaded | CTRL_EXT_.NoSnoopDisable | 1u << 14);
        Assert.Equal(CTRL_EXT_.DriverLoaded | CTRL_EXT_.NoSnoopDisable, bench.Read(CTRL_EXT)); // PFRSTD clears itself
        Reset(bench, CTRL_.RST);
        Assert.Equal(0u, bench.Read(CTRL_EXT));
    }

    [Fact]
    public void Section_4_2_1_6_ASoftwareResetKeepsTheLinkAndALinkResetSetsItUpAnew()
    {
        using var bench = new CardBench(new IxgbeCardOptions { LinkUpDelay = 30 * Millisecond });
        bench.Run(40 * Millisecond);
        bench.Write(AUTOC, AUTOC.Reset | 0x0080);
        Reset(bench, CTRL_.RST);
        Assert.True(bench.Card.Link.IsUp);
        Assert.Equal(AUTOC.Reset | 0x0080, bench.Read(AUTOC));
        Reset(bench, CTRL_.LRST);
        Assert.False(bench.Card.Link.IsUp);
        Assert.Equal(AUTOC.Reset, bench.Read(AUTOC));
        bench.Run(30 * Millisecond);
        Assert.True(bench.Card.Link.IsUp);
    }

    private static void Reset(CardBench bench, uint bits)
    {
        bench.Write(CTRL, bits);
        bench.Run(10 * Millisecond);
    }
}
