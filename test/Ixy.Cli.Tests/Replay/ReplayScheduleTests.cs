using Ixy.Cli.Replay;

namespace Ixy.Cli.Tests.Replay;

public sealed class ReplayScheduleTests
{
    private const long Second = 1_000_000_000;

    [Theory]
    [InlineData("original", 1)]
    [InlineData("2x", 2)]
    [InlineData("0.1X", 0.1)]
    public void AFrameIsDueWhenItWasCaptured(string speed, double factor)
    {
        var schedule = new ReplaySchedule(ReplaySpeed.Parse(speed), TimeProvider.System);
        schedule.LookAt(0);
        Assert.True(schedule.IsDue(0));
        Assert.True(schedule.IsDue(-5));
        Assert.False(schedule.IsDue(1));
        // No drift after a day.
        const long Day = 86_400 * Second;
        schedule.LookAt(Day);
        long due = (long)(Day * factor);
        Assert.True(schedule.IsDue(due));
        Assert.False(schedule.IsDue(due + 100));
    }

    [Theory]
    [InlineData("10kpps", 100, 10_001)]
    [InlineData("3pps", 100, 4)]
    [InlineData("1M", 60, 1489)] // 84 bytes on the wire: 1,488.1 a second
    [InlineData("10G", 1514, 812_744)]
    public void ARateCountsFromTheStart(string speed, int length, int inTheFirstSecond)
    {
        var schedule = new ReplaySchedule(ReplaySpeed.Parse(speed), TimeProvider.System);
        int sent = 0;
        foreach (long time in new[] { 0, 1, Second / 3, Second })
        {
            schedule.LookAt(time);
            for (; schedule.IsDue(long.MaxValue); sent++) schedule.Count(length);
            if (time == 0) Assert.Equal(1, sent);
        }
        Assert.Equal(inTheFirstSecond, sent);
    }

    [Theory]
    [InlineData("original", 100)]
    [InlineData("4x", 25)]
    [InlineData("0.5x", 200)]
    [InlineData("3pps", 0)]
    [InlineData("max", 0)]
    public void ItIsKnownHowLongAFrameHasToWait(string speed, int seconds)
    {
        var schedule = new ReplaySchedule(ReplaySpeed.Parse(speed), TimeProvider.System);
        schedule.LookAt(0);
        Assert.Equal(TimeSpan.FromSeconds(seconds), schedule.Wait(100 * Second));
        schedule.LookAt(seconds * Second);
        Assert.Equal(TimeSpan.Zero, schedule.Wait(100 * Second));
    }

    // A capture may begin in 1970 and last until today; at this speed that takes 1,700,000 years.
    [Fact]
    public void AWaitMayBeLongerThanAnybodyLives()
    {
        var schedule = new ReplaySchedule(ReplaySpeed.Parse("0.001x"), TimeProvider.System);
        schedule.LookAt(0);
        Assert.InRange(schedule.Wait(1_700_000_000 * Second), TimeSpan.FromDays(365 * 10_000), TimeSpan.MaxValue);
        Assert.InRange(schedule.Wait(long.MaxValue), TimeSpan.FromDays(365 * 10_000), TimeSpan.MaxValue);
    }

    // --max-gap limits real waits at any speed, so the limit in the capture's time scales with the speed.
    [Theory]
    [InlineData("original", 2_000)]
    [InlineData("10x", 20_000)]
    [InlineData("0.1x", 200)]
    public void TheLongestGapIsThatOfTheReplay(string speed, int milliseconds) => Assert.Equal(
        TimeSpan.FromMilliseconds(milliseconds),
        new ReplaySettings(ReplaySpeed.Parse(speed), 1, TimeSpan.FromSeconds(2)).LongestGapInCapture);

    [Fact]
    public void TheLongestGapHasNoLimit()
    {
        Assert.True(
            new ReplaySettings(ReplaySpeed.Parse("1000000x"), 1, TimeSpan.FromDays(365))
            .LongestGapInCapture > TimeSpan.FromDays(365));
        Assert.Null(new ReplaySettings(ReplaySpeed.Original, 1).LongestGapInCapture);
    }

    [Fact]
    public void WithoutALimitAllIsDue()
    {
        var schedule = new ReplaySchedule(ReplaySpeed.Parse("max"), TimeProvider.System);
        schedule.LookAt(0);
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(schedule.IsDue(long.MaxValue));
            schedule.Count(60);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("0x")]
    [InlineData("-1x")]
    [InlineData("1e3x")]
    [InlineData("10000000x")]
    [InlineData("fast")]
    [InlineData("3")]
    public void OtherSpeedsAreRefused(string speed) =>
        Assert.Contains(
            "expected original, a multiple of it as in 2x or 0.1x, max",
            Assert.Throws<ArgumentException>(() => ReplaySpeed.Parse(speed)).Message);
}
