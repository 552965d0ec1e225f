namespace Ixy.Vfio.Tests;

/// <summary>Addresses of PCI functions as the kernel writes them.</summary>
public sealed class PciAddressTests
{
    [Theory]
    [InlineData("0000:03:00.0", 0x0000u, 0x03, 0x00, 0)]
    [InlineData("ffff:ff:1f.7", 0xFFFFu, 0xFF, 0x1F, 7)]
    [InlineData("10000:e1:00.0", 0x10000u, 0xE1, 0x00, 0)] // behind Intel's VMD
    [InlineData("10001:01:02.3", 0x10001u, 0x01, 0x02, 3)]
    [InlineData("7fffffff:00:00.0", 0x7FFF_FFFFu, 0x00, 0x00, 0)]
    public void AnAddressIsReadAndWrittenAsTheKernelWritesIt(
        string text, uint domain, int bus, int device, int function)
    {
        Assert.True(PciAddress.TryParse(text, out var address));
        Assert.Equal(new PciAddress(domain, (byte)bus, (byte)device, (byte)function), address);
        Assert.Equal(text, $"{address}");
    }

    [Theory]
    [InlineData("03:00.0", "0000:03:00.0")]
    [InlineData("0000:E1:0A.0", "0000:e1:0a.0")]
    [InlineData("010000:e1:00.0", "10000:e1:00.0")]
    [InlineData("00000000:03:00.0", "0000:03:00.0")]
    public void OtherFormsMeanTheSame(string text, string address)
    {
        Assert.True(PciAddress.TryParse(text, out var found));
        Assert.Equal(address, $"{found}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("eth0")]
    [InlineData(":03:00.0")]
    [InlineData("0:03:00.0")]
    [InlineData("000:03:00.0")]
    [InlineData("100000000:03:00.0")]
    [InlineData("1000g:03:00.0")]
    [InlineData("+1000:03:00.0")]
    [InlineData("-1000:03:00.0")]
    [InlineData("0x10000:03:00.0")]
    [InlineData(" 0000:03:00.0")]
    [InlineData("0000:03:20.0")] // a bus has 32 devices
    [InlineData("0000:03:00.8")]
    [InlineData("0000:003:00.0")]
    [InlineData("0000:03:00.00")]
    [InlineData("0000-03:00.0")]
    [InlineData("pci0000:00")]
    public void WhatIsNoneIsRefused(string text) => Assert.False(PciAddress.TryParse(text, out _));
}
