using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;
using static Ixy.Simulation.Tests.Ixgbe.PciSteps;

namespace Ixy.Simulation.Tests.Ixgbe.Interrupts;

/// <summary>
/// Causes, masks and the mapping of causes, by hand-written register accesses (82599 datasheet 7.3, 8.2.3.5).
/// </summary>
public sealed class InterruptTests
{
    private const uint MultipleMsix = 1 << 4, Ocd = 1 << 5, Eimen = 1 << 6, Eiame = 1 << 30, PbaSupport = 1u << 31;
    private const uint LinkChange = 1 << 20, TcpTimer = 1 << 30, OtherCause = 1u << 31;

    // MSI-X with all vectors unmasked; queue pair n uses vector n for receive and vector 32 + n for transmit (n below
    // 32).
    private static (CardBench Bench, InterruptLog Log) MsixBench(uint gpie = 0)
    {
        var bench = QuietBench();
        bench.EnableMsix([.. Enumerable.Range(0, 64)]);
        bench.Write(GPIE, MultipleMsix | gpie);
        for (uint pair = 0; pair < 16; pair++)
            bench.Write(IVAR, 0xA080_A080 + 2 * pair * 0x0101_0101 + 0x0101_0000, (int)pair);
        return (bench, InterruptLog.Attach(bench));
    }

    [Fact] // 8.2.3.5: values after reset
    public void AfterResetNothingIsSetAndNothingEnabled()
    {
        using var bench = QuietBench();
        Register[] registers = [EICR, EICS, EIMS, EIAC, EIAM, GPIE, EITRSEL];
        Assert.All(registers, register => Assert.Equal(0u, bench.Read(register)));
        for (int i = 0; i < 129; i++) Assert.Equal(0u, bench.Read(EITR, i));
        Assert.Equal(0x8000u, bench.Read(IVAR_MISC)); // 8.2.3.5.16: other causes are mapped, for old drivers
    }

    [Fact] // 8.2.3.5.1: causes are kept whether or not they are enabled
    public void EicrShowsMaskedCausesAndAReadClearsThem()
    {
        using var bench = QuietBench();
        bench.Write(IVAR, 0x83u);
        bench.Card.Interrupts.RaiseReceive(0);
        bench.Card.Interrupts.RaiseCause(LinkChange);
        Assert.Equal(LinkChange | 1u << 3, bench.Read(EICR));
        Assert.Equal(0u, bench.Read(EICR));
    }

    [Fact] // 8.2.3.5.1: W1C
    public void WrittenOnesClearCauses()
    {
        using var bench = QuietBench();
        bench.Write(EICS, 0x0010_00F0);
        bench.Write(EICR, 0x0000_0030);
        Assert.Equal(0x0010_00C0u, bench.Read(EICR));
    }

    [Fact] // 8.2.3.5.1: bit 31 requires a cause that is enabled
    public void OtherCauseTellsOfEnabledOtherCauses()
    {
        using var bench = QuietBench();
        bench.Write(EIMS, LinkChange);
        bench.Write(EICS, 1u << 17);
        Assert.Equal(1u << 17, bench.Read(EICR));
        bench.Write(EICS, LinkChange);
        Assert.Equal(OtherCause | LinkChange, bench.Read(EICR));
    }

    [Fact] // 7.3.1.2, 8.2.3.5.18: GPIE.OCD
    public void WithOcdAReadClearsOnlyOtherCauses()
    {
        using var bench = QuietBench();
        bench.Write(GPIE, Ocd);
        bench.Write(EICS, 0x7FFF_FFFF);
        Assert.Equal(0x7FFF_FFFFu, bench.Read(EICR));
        Assert.Equal(0x4000_FFFFu, bench.Read(EICR));
    }

    [Fact]
    public void EicsShowsCausesWithoutClearingThem()
    {
        using var bench = QuietBench();
        bench.Write(EICS, LinkChange);
        Assert.Equal(LinkChange, bench.Read(EICS));
        Assert.Equal(LinkChange, bench.Read(EICR));
    }

    [Fact] // 8.2.3.5.2: bit 31 is reserved
    public void EicsSetsOnlyCausesThatExist()
    {
        using var bench = QuietBench();
        bench.Write(EICS, 1u << 31);
        Assert.Equal(0u, bench.Read(EICR));
    }

    [Fact] // 8.2.3.5.3, 8.2.3.5.4, 7.3.1.4
    public void MasksAreSetAndClearedBitByBit()
    {
        using var bench = QuietBench();
        bench.Write(EIMS, 0x0010_0003);
        bench.Write(EIMS, 0x4000_0004);
        Assert.Equal(0x4010_0007u, bench.Read(EIMS));
        bench.Write(EIMC, 0x0010_0001);
        Assert.Equal(0x4000_0006u, bench.Read(EIMS));
        Assert.Equal(0u, bench.Read(EIMC));
        bench.Write(EIMC, 0x7FFF_FFFF);
        Assert.Equal(0u, bench.Read(EIMS));
    }

    [Fact] // 7.3.1: the low halves of EICS(1), EIMS(1), EIMC(1) and EIAM(1) are those of EICS, EIMS, EIMC and EIAM
    public void TheExtendedRegistersShareTheirLowHalf()
    {
        using var bench = QuietBench();
        bench.Write(EIMS_EX, 0x0001_8001, 0);
        bench.Write(EIMS_EX, 0x8000_0000, 1);
        Assert.Equal(0x8001u, bench.Read(EIMS));
        Assert.Equal(0x0001_8001u, bench.Read(EIMS_EX, 0));
        Assert.Equal(0x8000_0000u, bench.Read(EIMS_EX, 1));
        bench.Write(EIMC, 0x7FFF_0001);
        Assert.Equal(0x0001_8000u, bench.Read(EIMS_EX, 0));
        bench.Write(EIMC_EX, 0x0001_8000, 0);
        Assert.Equal(0u, bench.Read(EIMS_EX, 0));
        Assert.Equal(0x8000_0000u, bench.Read(EIMS_EX, 1));
        bench.Write(EIAM_EX, 0x0001_0003, 0);
        Assert.Equal(0x0003u, bench.Read(EIAM));
        bench.Write(EIAM, 0x0010_0004);
        Assert.Equal(0x0001_0004u, bench.Read(EIAM_EX, 0));
        bench.Write(EICS_EX, 0x0000_0100, 0);
        Assert.Equal(0x0100u, bench.Read(EICR));
    }

    [Fact] // 7.3.1.5: EIAM on reads of EICR
    public void ReadingEicrMasksWhatEiamNames()
    {
        using var bench = QuietBench();
        bench.Write(EIAM, 0xFFFF);
        bench.Write(EIMS, LinkChange | 0x000F);
        bench.Write(EICS, 0x0001);
        bench.Read(EICR);
        Assert.Equal(LinkChange, bench.Read(EIMS));
    }

    [Fact] // 7.3.1.5: with GPIE.OCD, a read neither clears nor masks bits 0 to 15
    public void WithOcdReadingEicrDoesNotMaskQueues()
    {
        using var bench = QuietBench();
        bench.Write(GPIE, Ocd);
        bench.Write(EIAM, 0xFFFF);
        bench.Write(EIMS, 0x000F);
        bench.Read(EICR);
        Assert.Equal(0x000Fu, bench.Read(EIMS));
    }

    [Fact] // 7.3.1.5: EIAM on writes of EICR and EICS
    public void WritesMaskAndUnmaskWhatEiamNames()
    {
        using var bench = QuietBench();
        bench.Write(EIAM, 0x0003);
        bench.Write(EICS, 0x0007);
        Assert.Equal(0x0003u, bench.Read(EIMS));
        bench.Write(EICR, 0x0001);
        Assert.Equal(0x0002u, bench.Read(EIMS));
        Assert.Equal(0x0006u, bench.Read(EICR));
    }

    [Theory] // 8.2.3.5.15: receive 2n, transmit 2n, receive 2n + 1, transmit 2n + 1
    [InlineData(0, 0, 0)]
    [InlineData(0, 1, 16)]
    [InlineData(63, 126, 0)]
    [InlineData(63, 127, 16)]
    public void IvarMapsTwoQueuePairs(int register, int queue, int shift)
    {
        using var bench = QuietBench();
        bench.Write(IVAR, (0x85u | 0x8Au << 8) << shift, register);
        bench.Card.Interrupts.RaiseReceive(queue);
        Assert.Equal(1u << 5, bench.Read(EICR));
        bench.Card.Interrupts.RaiseTransmit(queue);
        Assert.Equal(1u << 10, bench.Read(EICR));
        bench.Card.Interrupts.RaiseReceive(queue ^ 1);
        Assert.Equal(0u, bench.Read(EICR));
    }

    [Fact] // 8.2.3.5.15: the valid bit
    public void AnInvalidIvarEntrySetsNoCause()
    {
        using var bench = QuietBench();
        bench.Write(IVAR, 0x0000_0305);
        bench.Card.Interrupts.RaiseReceive(0);
        bench.Card.Interrupts.RaiseTransmit(0);
        Assert.Equal(0u, bench.Read(EICR));
    }

    [Fact] // 7.3.4.2, figure 7-25
    public void EveryQueueReachesItsVector()
    {
        var (bench, log) = MsixBench();
        using (bench)
        {
            bench.Write(EIMS_EX, uint.MaxValue, 0);
            bench.Write(EIMS_EX, uint.MaxValue, 1);
            for (int queue = 0; queue < 32; queue++)
            {
                bench.Card.Interrupts.RaiseReceive(queue);
                bench.Card.Interrupts.RaiseTransmit(queue);
            }
            Assert.Equal(Enumerable.Range(0, 32).SelectMany(queue => new[] { queue, 32 + queue }), log.Messages);
            Assert.Equal(0x0000_FFFFu, bench.Read(EICR)); // Vectors from 16 up have auto-cleared theirs (7.3.1.4).
        }
    }

    [Fact] // 7.3.4.2: IVAR_MISC
    public void TimerAndOtherCausesHaveVectorsOfTheirOwn()
    {
        var (bench, log) = MsixBench();
        using (bench)
        {
            bench.Write(IVAR_MISC, 0xBF3Eu | 0x80);
            bench.Write(EIMS, LinkChange | TcpTimer);
            bench.Card.Interrupts.RaiseCause(LinkChange);
            bench.Card.Interrupts.RaiseCause(TcpTimer);
            Assert.Equal([63, 62], log.Messages);
            bench.Write(IVAR_MISC, 0);
            bench.Read(EICR);
            bench.Card.Interrupts.RaiseCause(LinkChange);
            Assert.Equal(2, log.Messages.Count);
        }
    }

    [Fact] // 8.2.3.5.16
    public void AVectorBeyond63ForOtherCausesIsAViolation()
    {
        using var bench = QuietBench();
        bench.Write(IVAR_MISC, 0xC000);
        AssertViolation(bench, "ivar-misc-vector");
    }

    [Fact] // 7.3.1.4, 8.2.3.5.5
    public void EiacClearsCausesWhenTheirMessageIsSent()
    {
        var (bench, log) = MsixBench();
        using (bench)
        {
            bench.Write(EIMS, 0x0003);
            bench.Write(EIAC, 0x0001);
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Card.Interrupts.RaiseReceive(1);
            bench.Card.Interrupts.RaiseReceive(1);
            Assert.Equal([0, 0, 1], log.Messages); // The cause of vector 1 is still set, so it does not fire again.
            Assert.Equal(0x0002u, bench.Read(EICR));
        }
    }

    [Fact] // 7.3.1.4
    public void AutoClearingOtherCausesIsAViolation()
    {
        using var bench = QuietBench();
        bench.Write(EIAC, LinkChange | 0xFFFF | TcpTimer);
        Assert.Equal(0xFFFF | TcpTimer, bench.Read(EIAC));
        AssertViolation(bench, "eiac-other-cause");
    }

    [Fact] // 8.2.3.5.18: GPIE.EIAME
    public void EiameMasksAVectorWhenItsMessageIsSent()
    {
        var (bench, log) = MsixBench(Eiame);
        using (bench)
        {
            bench.Write(EIAM_EX, uint.MaxValue, 0);
            bench.Write(EIAM_EX, uint.MaxValue, 1);
            bench.Write(EIMS_EX, 3u, 0);
            bench.Write(EIMS_EX, 1u, 1);
            bench.Card.Interrupts.RaiseTransmit(0);
            bench.Card.Interrupts.RaiseTransmit(0);
            Assert.Equal([32], log.Messages);
            Assert.Equal(0u, bench.Read(EIMS_EX, 1));
            Assert.Equal(3u, bench.Read(EIMS_EX, 0));
            bench.Write(EIMS_EX, 1u, 1); // The second event came in the meantime.
            Assert.Equal([32, 32], log.Messages);
        }
    }

    [Fact] // 8.2.3.5.18: EIAME with MSI masks everything
    public void WithMsiEiameMasksAllCauses()
    {
        using var bench = QuietBench();
        bench.SetConfig(0x52, 0x0001, 2);
        bench.Write(GPIE, Eiame);
        bench.Write(EIAM, 0x8000);
        bench.Write(EIMS, LinkChange | 0x000F);
        bench.Card.Interrupts.RaiseCause(LinkChange);
        Assert.Equal(0u, bench.Read(EIMS));
    }

    [Fact] // 8.2.3.5.18: GPIE.PBA_support
    public void WithPbaSupportEnablingACauseThatIsSetInterruptsAgain()
    {
        var (bench, log) = MsixBench(PbaSupport);
        using (bench)
        {
            bench.Write(EIMS, LinkChange | 1);
            bench.Card.Interrupts.RaiseCause(LinkChange);
            bench.Card.Interrupts.RaiseCause(LinkChange);
            Assert.Equal([0], log.Messages);
            bench.Write(EIMS, LinkChange);
            Assert.Equal([0, 0], log.Messages);
        }
    }

    [Fact] // 8.2.3.5.18: without it, only clearing the causes re-arms a vector
    public void WithoutPbaSupportEnablingAgainDoesNothing()
    {
        var (bench, log) = MsixBench();
        using (bench)
        {
            bench.Write(EIMS, LinkChange);
            bench.Card.Interrupts.RaiseCause(LinkChange);
            bench.Write(EIMS, LinkChange);
            Assert.Equal([0], log.Messages);
            bench.Write(EICR, LinkChange);
            bench.Card.Interrupts.RaiseCause(LinkChange);
            Assert.Equal([0, 0], log.Messages);
        }
    }

    [Fact] // 7.3.1.3
    public void SoftwareCanInterruptItself()
    {
        var (bench, log) = MsixBench();
        using (bench)
        {
            bench.Write(EIMS_EX, 1u << 5, 1);
            bench.Write(EICS_EX, 1u << 5 | 1u << 6, 1);
            Assert.Equal([37], log.Messages);
        }
    }

    [Fact] // 7.3.1.3
    public void ImmediateInterruptsNeedAutoMasking()
    {
        using var bench = QuietBench();
        bench.Write(GPIE, Eimen);
        bench.Write(EICS, 1);
        AssertViolation(bench, "eimen-without-auto-mask");
    }

    [Fact] // Called once per batch by the data path: if masked, already set or unmapped, it must cost nothing.
    public void RaisingACauseAllocatesNothing()
    {
        var (bench, log) = MsixBench();
        using (bench)
        {
            bench.Write(EIMS_EX, 1u << 20, 0);
            RaiseAll(bench);
            long before = GC.GetAllocatedBytesForCurrentThread();
            RaiseAll(bench);
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
            Assert.Equal([20, 20], log.Messages);
        }
    }

    private static void RaiseAll(CardBench bench)
    {
        for (int queue = 0; queue < 128; queue++)
        {
            bench.Card.Interrupts.RaiseReceive(queue);
            bench.Card.Interrupts.RaiseTransmit(queue);
        }
    }
}
