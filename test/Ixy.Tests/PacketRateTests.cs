namespace Ixy.Tests;

public sealed class PacketRateTests
{
    [Theory]
    [InlineData("5Mpps", 5_000_000, false)]
    [InlineData("100kpps", 100_000, false)]
    [InlineData("250pps", 250, false)]
    [InlineData("1.488Mpps", 1_488_000, false)]
    [InlineData("10G", 10_000_000_000, true)]
    [InlineData("2.5Gbit/s", 2_500_000_000, true)]
    [InlineData("100Mbps", 100_000_000, true)]
    [InlineData("64bit/s", 64, true)]
    [InlineData("100m", 100_000_000, true)]
    public void ARateIsRead(string text, long perSecond, bool bits)
    {
        Assert.True(PacketRate.TryParse(text, out var rate));
        Assert.Equal((perSecond, bits, false), (rate.PerSecond, rate.CountsBits, rate.IsMax));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")] // no unit
    [InlineData("pps")]
    [InlineData("0pps")]
    [InlineData("-5Mpps")]
    [InlineData("0.5pps")]
    [InlineData("1.2.3Mpps")]
    [InlineData("5 Mpps")]
    [InlineData("5Tpps")]
    [InlineData("10Gpp")]
    [InlineData("2000Gpps")]
    [InlineData("99999999999999999999999999999999999Mpps")]
    [InlineData("maximum")]
    public void WhatIsNoRateIsRefused(string text)
    {
        Assert.False(PacketRate.TryParse(text, out _));
        var error = Assert.Throws<FormatException>(() => PacketRate.Parse(text));
        Assert.Contains("5Mpps", error.Message);
    }

    [Fact]
    public void WhatIsWrittenIsReadBack() => Property.Holds<(uint Number, byte Zeros, bool Bits)>(value =>
    {
        long perSecond = 1 + value.Number % 999 * (long)Math.Pow(10, value.Zeros % 10);
        var rate = value.Bits ? PacketRate.FromBits(perSecond) : PacketRate.FromPackets(perSecond);
        Assert.Equal(rate, PacketRate.Parse(rate.ToString()));
    });

    [Fact]
    public void TheLineRateOfTenGigabitIsTheTextbooks()
    {
        Assert.Equal(14_880_952, Math.Floor(PacketRate.Parse("10G").PacketsPerSecond(60)));
        Assert.Equal(812_743, Math.Floor(PacketRate.Parse("10G").PacketsPerSecond(1514)));
        Assert.Equal(5_000_000, PacketRate.Parse("5Mpps").PacketsPerSecond(1514));
        Assert.True(double.IsPositiveInfinity(PacketRate.Max.PacketsPerSecond(60)));
        Assert.Equal("max", PacketRate.Max.ToString());
    }
}
