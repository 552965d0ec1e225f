using Ixy.Simulation.Ixgbe;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Management;

/// <summary>Access to what software and firmware share (82599 datasheet 8.2.3.4, 10.5.4).</summary>
public sealed class SemaphoreTests
{
    private const uint Eeprom = 1; // SW_FW_SYNC

    [Fact]
    public void Section_8_2_3_4_TheReadThatSeesSmbiClearTakesIt()
    {
        using var bench = new CardBench();
        Assert.Equal(0u, bench.Read(SWSM) & SWSM_.SMBI);
        Assert.Equal(SWSM_.SMBI, bench.Read(SWSM) & SWSM_.SMBI);
        bench.Write(SWSM, SWSM_.SMBI | SWSM_.SWESMBI); // writing 1 does not change it
        Assert.Equal(SWSM_.SMBI | SWSM_.SWESMBI, bench.Read(SWSM));
        bench.Write(SWSM, 0);
        Assert.Equal(0u, bench.Read(SWSM));
    }

    [Fact]
    public void Section_8_2_3_4_WritingOneDoesNotSetSmbi()
    {
        using var bench = new CardBench();
        bench.Write(SWSM, SWSM_.SMBI);
        Assert.Equal(0u, bench.Read(SWSM) & SWSM_.SMBI);
    }

    [Fact]
    public void Section_10_5_4_SwFwSyncIsChangedByTheOwnerOfSwesmbi()
    {
        using var bench = new CardBench();
        bench.Read(SWSM);
        bench.Write(SWSM, SWSM_.SMBI | SWSM_.SWESMBI);
        bench.Write(SW_FW_SYNC, SW_FW_SYNC_.Phy0);
        bench.Write(SWSM, 0);
        Assert.Equal(SW_FW_SYNC_.Phy0, bench.Read(SW_FW_SYNC));
        Assert.Empty(bench.Card.Violations.All);
        bench.Write(SW_FW_SYNC, 0);
        var violation = Assert.Single(bench.Card.Violations.All);
        Assert.Equal(("semaphore-not-owned", "SW_FW_SYNC"), (violation.Rule, violation.Register));
    }

    [Fact]
    public void TheX540GuardsSwFwSyncByItsOwnBit31()
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = 0x1528 });
        Assert.Equal(0u, bench.Read(SW_FW_SYNC));
        Assert.Equal(SW_FW_SYNC_.Registers, bench.Read(SW_FW_SYNC));
        bench.Write(SW_FW_SYNC, SW_FW_SYNC_.Registers | Eeprom);
        bench.Write(SW_FW_SYNC, Eeprom); // releases the guard bit
        Assert.Empty(bench.Card.Violations.All);
        bench.Write(SW_FW_SYNC, 0);
        Assert.Equal("semaphore-not-owned", Assert.Single(bench.Card.Violations.All).Rule);
    }

    [Fact]
    public void Section_8_2_3_4_FirmwareIsValidAndManagesNothing()
    {
        using var bench = new CardBench();
        Assert.Equal(1u << 15, bench.Read(FWSM));
    }
}
