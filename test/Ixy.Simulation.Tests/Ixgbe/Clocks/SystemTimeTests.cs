using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Clocks;

/// <summary>The clocks that time stamps come from (82599 datasheet 8.2.3.26; X550 datasheet 7.7.3, 8.2.2.21).</summary>
public sealed class SystemTimeTests
{
    private const ushort X540 = 0x1528, X550 = 0x1563;
    private const uint Second = 1_000_000_000, TimeSyncCause = 1u << 24;

    private static ulong Time(CardBench bench) => bench.Read(SYSTIML) | (ulong)bench.Read(SYSTIMH) << 32;

    private static CardBench Running(ushort deviceId, int partnerSpeed = 10_000)
    {
        var options = new IxgbeCardOptions { DeviceId = deviceId, LinkUpDelay = 0, PartnerSpeedMbps = partnerSpeed };
        var bench = new CardBench(options);
        bench.Run();
        bench.Write(TSAUXC, 0);
        return bench;
    }

    // Linux programs 6.4 * 2^28 for each 6.4 ns, so that the time is in 2^-28 ns.
    [Fact]
    public void TheX540AddsItsWholeIncrementEachClock()
    {
        using var bench = Running(X540);
        bench.Write(TIMINCA, 0x6666_6666);
        bench.Run(640_000);
        Assert.Equal(100_000ul * 0x6666_6666, Time(bench));
    }

    // At 1 Gb/s the clock runs at a tenth of the speed; the time counted so far is unaffected.
    [Theory]
    [InlineData(0x10FB, 1u << 24)]
    [InlineData(X540, 0u)]
    public void TheClockFollowsTheLinksSpeedAndTimeDoesNotLeap(int deviceId, uint period)
    {
        using var bench = Running((ushort)deviceId, 1_000);
        // Without a link, it runs as at 10 Gb/s.
        bench.TestWire.Signal = false;
        bench.Run();
        bench.Write(TIMINCA, period | 10);
        ulong start = Time(bench);
        bench.Run(640_000);
        Assert.Equal(start + 1_000_000, Time(bench));
        const uint Gigabit = 2u << 13; // LMS, 8.2.3.22.19
        uint autoc = bench.Read(IxgbeRegisters.AUTOC) & ~IxgbeRegisters.AUTOC_.ModeMask;
        bench.Write(IxgbeRegisters.AUTOC, autoc | Gigabit | IxgbeRegisters.AUTOC_.Restart);
        bench.TestWire.Signal = true;
        bench.Run();
        Assert.True(bench.Card.Link.IsUp);
        Assert.Equal(1_000, bench.Card.Link.SpeedMbps);
        ulong before = Time(bench);
        bench.Run(6_400_000);
        Assert.Equal(before + 1_000_000, Time(bench));
    }

    // X550 datasheet 8.2.2.21.13: after reset the clock is stopped.
    [Fact]
    public void TheX550CountsSecondsAndNanosecondsOnceItIsStarted()
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = X550 });
        Assert.Equal(0xC000_0000u, bench.Read(TSAUXC));
        bench.Run(100_000);
        Assert.Equal(0ul, Time(bench));
        bench.Write(TSAUXC, 0);
        bench.Run(100_000);
        Assert.Equal(100_000ul, Time(bench));
        bench.Write(SYSTIML, Second - 500);
        bench.Write(SYSTIMH, 3);
        bench.Run(1_000);
        Assert.Equal((500u, 4u), (bench.Read(SYSTIML), bench.Read(SYSTIMH)));
        bench.Write(SYSTIML, Second); // A value of a second or more is ignored.
        Assert.Equal(500u, bench.Read(SYSTIML));
        bench.Write(TSAUXC, 1u << 31);
        bench.Run(1_000);
        Assert.Equal(500u, bench.Read(SYSTIML));
    }

    // X550 datasheet 8.2.2.21.11: INCVALUE is in 2^-32 ns, added to or subtracted from each 12.5 ns.
    [Theory]
    [InlineData(1u << 31, 1_040_000u)] // half a nanosecond per cycle, not quite representable in 31 bits
    [InlineData(0u, 960_000u)]
    public void TheX550sPaceIsTrimmed(uint sign, uint expected)
    {
        using var bench = Running(X550);
        bench.Write(TIMINCA, 0x7FFF_FFFF | (sign ^ 1u << 31));
        uint start = bench.Read(SYSTIML);
        bench.Run(1_000_000);
        Assert.InRange(bench.Read(SYSTIML) - start, expected - 1, expected + 1);
        Assert.NotEqual(0u, bench.Read(SYSTIMR));
    }

    // X550 datasheet 7.7.3.1: one nanosecond per cycle, until the adjustment is complete.
    [Theory]
    [InlineData(0u, 1)]
    [InlineData(1u << 31, -1)]
    public void TheX550sTimeIsAdjustedANanosecondACycle(uint sign, int direction)
    {
        using var bench = Running(X550);
        bench.Run(1_000_000);
        bench.Write(TSIM, 1u << 7);
        uint start = bench.Read(SYSTIML);
        bench.Write(TIMADJ, sign | 100);
        bench.Run(1_000); // 80 cycles
        Assert.Equal(start + 1_000 + 80 * direction, bench.Read(SYSTIML));
        Assert.Equal(0u, bench.Read(IxgbeRegisters.EICR) & TimeSyncCause);
        bench.Run(1_000);
        Assert.Equal(start + 2_000 + 100 * direction, bench.Read(SYSTIML));
        Assert.Equal(TimeSyncCause, bench.Read(IxgbeRegisters.EICR) & TimeSyncCause);
    }

    // X550 datasheet 7.7.5, 8.2.2.21.25: the cause in EICR is not set again until what caused it has been cleared.
    [Fact]
    public void TheX550TellsThatASecondIsFull()
    {
        using var bench = Running(X550);
        bench.Write(TSIM, 1);
        NextSecond(bench);
        Assert.Equal(TimeSyncCause, bench.Read(IxgbeRegisters.EICR) & TimeSyncCause);
        NextSecond(bench);
        Assert.Equal(0u, bench.Read(IxgbeRegisters.EICR) & TimeSyncCause);
        Assert.Equal(0u, bench.Read(TSICR));
        NextSecond(bench);
        Assert.Equal(TimeSyncCause, bench.Read(IxgbeRegisters.EICR) & TimeSyncCause);
        bench.Write(TSICR, 1);
        bench.Write(TSIM, 0);
        NextSecond(bench);
        Assert.Equal(0u, bench.Read(IxgbeRegisters.EICR) & TimeSyncCause);
    }

    // X550 datasheet 7.7.4.2: held until the high half has been read.
    [Theory]
    [InlineData(0, 1u << 3, 1u << 9)]
    [InlineData(1, 1u << 6, 1u << 11)]
    public void TheX550SamplesItsTimeWhenSoftwareAsks(int pair, uint sample, uint taken)
    {
        using var bench = Running(X550);
        bench.Write(TSAUXC, sample);
        Assert.Equal(taken, bench.Read(TSAUXC));
        uint time = bench.Read(SYSTIML);
        Assert.Equal(time, bench.Read(AUXSTMP, pair * 2));
        bench.Run();
        bench.Write(TSAUXC, sample);
        Assert.Equal((time, 0u), (bench.Read(AUXSTMP, pair * 2), bench.Read(AUXSTMP, pair * 2 + 1)));
        Assert.Equal(0u, bench.Read(TSAUXC));
        bench.Write(TSAUXC, sample);
        Assert.Equal(bench.Read(SYSTIML), bench.Read(AUXSTMP, pair * 2));
        Assert.Empty(bench.Card.Violations.All);
    }

    [Theory]
    [InlineData(0x10FB, 1u)]
    [InlineData(X540, 1u << 2)]
    [InlineData(X550, 1u << 8)]
    public void PinsThatFollowTheTimeAreNotModelled(int deviceId, uint function)
    {
        using var bench = Running((ushort)deviceId);
        bench.Write(TSAUXC, function);
        Assert.Equal(("not-modelled", "TSAUXC"),
            Assert.Single(bench.Card.Violations.All.Select(violation => (violation.Rule, violation.Register))));
    }

    private static void NextSecond(CardBench bench)
    {
        bench.Write(SYSTIML, Second - 100);
        bench.Run(1_000);
    }
}
