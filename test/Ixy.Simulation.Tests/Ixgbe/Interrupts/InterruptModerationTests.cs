using Ixy.Simulation.Ixgbe;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;
using static Ixy.Simulation.Tests.Ixgbe.PciSteps;

namespace Ixy.Simulation.Tests.Ixgbe.Interrupts;

/// <summary>How EITR spaces interrupts, and what bypasses it (82599 datasheet 7.3.2, 8.2.3.5.12).</summary>
public sealed class InterruptModerationTests
{
    private const uint CounterWriteDisable = 1u << 31, LowLatencyModeration = 1 << 15;
    private const uint MultipleMsix = 1 << 4, Eimen = 1 << 6;

    // Receive queue 0 on vector 20, which auto-clears its cause, with an interval of 50 counts: 102.4 us.
    private static (CardBench Bench, InterruptLog Log) Bench(
        uint interval = 50, uint gpie = 0, uint eitr = 0, IxgbeCardOptions? options = null)
    {
        var bench = options is null ? QuietBench() : new CardBench(options);
        bench.EnableMsix(20);
        bench.Write(GPIE, MultipleMsix | gpie);
        bench.Write(IVAR, 0x80u | 20);
        bench.Write(EITR, interval << 3 | eitr | CounterWriteDisable, 20);
        bench.Write(EIMS_EX, 1u << 20, 0);
        bench.Run(1_000);
        return (bench, InterruptLog.Attach(bench));
    }

    [Fact]
    public void TheFirstInterruptIsImmediateAndTheNextWaits()
    {
        var (bench, log) = Bench();
        using (bench)
        {
            bench.Card.Interrupts.RaiseReceive(0);
            Assert.Single(log.Messages);
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Run(102_000);
            Assert.Single(log.Messages);
            bench.Run(2_000);
            Assert.Equal(2, log.Messages.Count);
        }
    }

    [Fact] // 7.3.2.1: no event during the interval, no interrupt at its end; the next event is not delayed
    public void AnIdleIntervalEndsSilently()
    {
        var (bench, log) = Bench();
        using (bench)
        {
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Run(300_000);
            Assert.Single(log.Messages);
            bench.Card.Interrupts.RaiseReceive(0);
            Assert.Equal(2, log.Messages.Count);
        }
    }

    [Theory] // At most one interrupt per interval, whatever the load
    [InlineData(0u, 1000)]
    [InlineData(1u, 334)]
    [InlineData(50u, 10)]
    [InlineData(511u, 1)]
    public void TheRateIsLimited(uint interval, int expected)
    {
        var (bench, log) = Bench(interval);
        using (bench)
        {
            for (int i = 0; i < 1000; i++)
            {
                bench.Card.Interrupts.RaiseReceive(0);
                bench.Run(1_000);
            }
            // The bench's clock ticks every 1 us, so an interval may end up to one tick late.
            Assert.Equal(expected, log.Messages.Count);
        }
    }

    [Fact] // 8.2.3.5.12: ten times as long at 100 Mbit/s
    public void AtASlowLinkTheIntervalIsLonger()
    {
        var (bench, log) = Bench(
            10, options: new IxgbeCardOptions { DeviceId = 0x1528, LinkUpDelay = 0, PartnerSpeedMbps = 100 });
        using (bench)
        {
            Assert.Equal(100, bench.Card.Link.SpeedMbps);
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Run(204_000);
            Assert.Single(log.Messages);
            bench.Run(2_000);
            Assert.Equal(2, log.Messages.Count);
        }
    }

    [Fact] // 8.2.3.5.12: the counter, its seven upper bits
    public void TheCounterRunsDown()
    {
        var (bench, _) = Bench(200);
        using (bench)
        {
            Assert.Equal(200u << 3, bench.Read(EITR, 20));
            bench.Card.Interrupts.RaiseReceive(0);
            Assert.Equal(200u << 3 | 50u << 21, bench.Read(EITR, 20));
            bench.Run(205_000); // Half the interval
            Assert.Equal(200u << 3 | 25u << 21, bench.Read(EITR, 20));
            bench.Run(205_000);
            Assert.Equal(200u << 3, bench.Read(EITR, 20));
        }
    }

    [Fact] // 8.2.3.5.12: CNT_WDIS
    public void WritingZeroToTheCounterLetsTheInterruptOut()
    {
        var (bench, log) = Bench();
        using (bench)
        {
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Write(EITR, 50u << 3 | CounterWriteDisable, 20);
            Assert.Single(log.Messages);
            bench.Write(EITR, 50u << 3, 20);
            Assert.Equal(2, log.Messages.Count);
            Assert.Empty(bench.Card.Violations.All);
        }
    }

    [Fact] // 8.2.3.5.12
    public void WritingAnotherValueToTheCounterIsAViolation()
    {
        using var bench = QuietBench();
        bench.Write(EITR, 50u << 3 | 3u << 21, 7);
        AssertViolation(bench, "eitr-counter");
    }

    [Fact] // 7.3.1.3, GPIE.EIMEN
    public void EicsWaitsForTheIntervalUnlessEimenIsSet()
    {
        var (bench, log) = Bench();
        using (bench)
        {
            bench.Write(EIAM_EX, 1u << 20, 0);
            bench.Write(EICS_EX, 1u << 20, 0);
            bench.Write(EICS_EX, 1u << 20, 0);
            Assert.Single(log.Messages);
            bench.Write(GPIE, MultipleMsix | Eimen);
            bench.Write(EICS_EX, 1u << 20, 0);
            Assert.Equal(2, log.Messages.Count);
            Assert.Empty(bench.Card.Violations.All);
        }
    }

    [Fact] // 7.3.2.2, 7.3.2.3
    public void AnUrgentPacketDoesNotWait()
    {
        var (bench, log) = Bench();
        using (bench)
        {
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Card.Interrupts.RaiseReceive(0);
            Assert.Single(log.Messages);
            bench.Card.Interrupts.RaiseReceiveUrgently(0);
            Assert.Equal(2, log.Messages.Count);
        }
    }

    [Fact] // 7.3.2.3, 8.2.3.5.18: a credit every LL_Interval times 4 us
    public void UrgentPacketsAreLimitedByCredits()
    {
        var (bench, log) = Bench(511, gpie: 5u << 7, eitr: LowLatencyModeration);
        using (bench)
        {
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Card.Interrupts.RaiseReceiveUrgently(0);
            Assert.Single(log.Messages); // No credit yet
            bench.Run(40_000);
            Assert.Equal(2u, bench.Read(EITR, 20) >> 16 & 0x1F);
            for (int i = 0; i < 4; i++) bench.Card.Interrupts.RaiseReceiveUrgently(0);
            Assert.Equal(3, log.Messages.Count);
            Assert.Equal(0u, bench.Read(EITR, 20) >> 16 & 0x1F);
            bench.Run(900_000);
            Assert.Equal(31u, bench.Read(EITR, 20) >> 16 & 0x1F);
        }
    }

    [Fact] // 8.2.3.5.18: LL_Interval 0 switches credits off
    public void CreditsNeedAnInterval()
    {
        var (bench, log) = Bench(511, eitr: LowLatencyModeration);
        using (bench)
        {
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Card.Interrupts.RaiseReceiveUrgently(0);
            Assert.Equal(2, log.Messages.Count);
            AssertViolation(bench, "lli-without-interval");
        }
    }

    [Fact] // 7.3.4.1: without MSI-X, EITR 0 spaces the line's assertions
    public void TheLineIsModeratedByEitr0()
    {
        using var bench = QuietBench();
        var log = InterruptLog.Attach(bench);
        bench.Write(EITR, 50u << 3, 0);
        bench.Write(EIMS, 1u << 20);
        bench.Card.Interrupts.RaiseCause(1u << 20);
        Assert.True(log.IsLineAsserted);
        bench.Read(EICR);
        bench.Card.Interrupts.RaiseCause(1u << 20);
        Assert.False(log.IsLineAsserted);
        bench.Run(104_000);
        Assert.True(log.IsLineAsserted);
    }

    [Fact] // Each vector has its own interval
    public void VectorsDoNotDelayEachOther()
    {
        var (bench, log) = Bench(511);
        using (bench)
        {
            bench.MaskVector(21, false);
            bench.Write(IVAR, 0x80u | 20 | (0x80u | 21) << 16);
            bench.Write(EIMS_EX, 1u << 21, 0);
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Card.Interrupts.RaiseReceive(1);
            bench.Card.Interrupts.RaiseReceive(1);
            Assert.Equal([20, 21, 21], log.Messages);
        }
    }
}
