using System.Diagnostics;
using Ixy.Waiting;

namespace Ixy.Tests.Waiting;

/// <summary>When load counts as high: the thresholds in docs/interrupts.md.</summary>
public sealed class LoadMeterTests
{
    private static readonly long s_millisecond = Stopwatch.Frequency / 1000;

    [Theory]
    [InlineData(1_100, false)]
    [InlineData(1_300, true)]
    public void MoreThanTwelveHundredPacketsAMillisecondAreMuch(int rate, bool isHigh)
    {
        var meter = new LoadMeter(Stopwatch.Frequency);
        Assert.Equal(isHigh, Feed(ref meter, 0, milliseconds: 20, rate).IsHigh);
    }

    [Fact]
    public void TheRateIsAnAverageOfFiveWindows()
    {
        var meter = new LoadMeter(Stopwatch.Frequency);
        var (now, packets, _) = Feed(ref meter, 0, milliseconds: 20, 5_000);
        // Windows become empty one by one: 4/5, 3/5, 2/5, 1/5 of the rate, then none.
        for (int window = 1; window <= 5; window++)
            Assert.Equal((window, window < 4), (window, meter.IsHigh(now += s_millisecond, packets)));
    }

    [Theory]
    [InlineData(31, false)]
    [InlineData(32, true)]
    public void AFullBatchKeepsAwakeForAMillisecond(int packets, bool isHigh)
    {
        var meter = new LoadMeter(Stopwatch.Frequency);
        long now = s_millisecond * 1000;
        Assert.False(meter.IsHigh(now, 0));
        Assert.Equal(isHigh, meter.IsHigh(now + 1000, packets));
        Assert.Equal(isHigh, meter.IsHigh(now + s_millisecond, packets));
        Assert.False(meter.IsHigh(now + 1000 + s_millisecond, packets));
    }

    [Fact] // As after a long sleep.
    public void AWindowMayBeLong()
    {
        var meter = new LoadMeter(Stopwatch.Frequency);
        var (now, packets, _) = Feed(ref meter, 0, milliseconds: 20, 2_000);
        Assert.True(meter.IsHigh(now, packets));
        for (int i = 0; i < 5; i++) meter.IsHigh(now += 100 * s_millisecond, packets += 31);
        Assert.False(meter.IsHigh(now + 2 * s_millisecond, packets));
    }

    // In portions too small for the full-batch rule.
    private static (long Now, long Packets, bool IsHigh) Feed(
        ref LoadMeter meter, long packets, int milliseconds, int rate)
    {
        long now = s_millisecond * 1_000_000;
        bool isHigh = meter.IsHigh(now, packets);
        int steps = milliseconds * 200;
        for (int step = 1; step <= steps; step++)
            isHigh = meter.IsHigh(now + step * s_millisecond / 200, packets + (long)rate * step / 200);
        return (now + milliseconds * s_millisecond, packets + (long)rate * milliseconds, isHigh);
    }
}
