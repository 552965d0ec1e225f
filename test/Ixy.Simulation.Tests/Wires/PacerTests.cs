using Ixy.Simulation.Wires;

namespace Ixy.Simulation.Tests.Wires;

public sealed class PacerTests
{
    [Theory]
    [InlineData("10G", 60, 14_880_953)] // the first one is due at once
    [InlineData("10G", 1514, 812_744)]
    [InlineData("1Mpps", 60, 1_000_001)]
    [InlineData("3333333pps", 9000, 3_333_334)]
    [InlineData("7pps", 60, 8)]
    public void OneSecondHoldsTheFramesOfOneSecond(string rate, int length, long frames)
    {
        var pacer = new Pacer(PacketRate.Parse(rate));
        long taken = 0, start = 123_456_789;
        for (long now = start; now <= start + 1_000_000_000; now += 10_000) taken += Take(ref pacer, now, length);
        Assert.Equal(frames, taken);
    }

    [Fact]
    public void TheScheduleDoesNotDependOnWhenItIsLookedAt() => Property.Holds<(uint Rate, ushort[] Steps)>(value =>
    {
        long rate = 1 + value.Rate % 100_000_000;
        var pacer = new Pacer(PacketRate.FromPackets(rate));
        long now = 0, taken = Take(ref pacer, now, 60);
        long longestStep = Math.Max(1, (Pacer.LongestBurst - 1) * 1_000_000_000L / rate);
        foreach (ushort step in value.Steps)
        {
            now += 1 + step % longestStep;
            taken += Take(ref pacer, now, 60);
            Assert.Equal(1 + (long)((Int128)now * rate / 1_000_000_000), taken);
        }
    });

    [Fact]
    public void AfterALongPauseTheBurstIsBounded()
    {
        var pacer = new Pacer(PacketRate.Parse("1Mpps"));
        Assert.Equal(1, Take(ref pacer, 0, 60));
        Assert.Equal(Pacer.LongestBurst, Take(ref pacer, 3_600_000_000_000, 60));
        Assert.Equal(0, Take(ref pacer, 3_600_000_000_999, 60));
        Assert.Equal(1, Take(ref pacer, 3_600_000_001_000, 60));
    }

    [Fact]
    public void WithoutALimitAFrameIsAlwaysDue()
    {
        var pacer = new Pacer(PacketRate.Max);
        for (int i = 0; i < 10_000; i++) Assert.True(pacer.TryTake(1, 60));
    }

    private static long Take(ref Pacer pacer, long now, int length)
    {
        long taken = 0;
        while (pacer.TryTake(now, length)) taken++;
        return taken;
    }
}
