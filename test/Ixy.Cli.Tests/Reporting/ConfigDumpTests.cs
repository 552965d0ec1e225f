using Ixy.Cli.Reporting;
using Ixy.Vfio;

namespace Ixy.Cli.Tests.Reporting;

/// <summary>What a report leaves out of configuration space. <see cref="ReportTests"/> has the usual case.</summary>
public sealed class ConfigDumpTests
{
    private readonly byte[] _space = new byte[4096];

    // The capability list may lead past what could be read, and back to a serial number.
    [Theory]
    [InlineData(0x800)]
    [InlineData(0x144)]
    [InlineData(0xFFC)]
    public void WhereReadingEndsTooEarlyNothingOfTheExtendedSpaceIsShown(int end)
    {
        Put(0x100, 0xE001_0001);
        Put(0x140, 0x0001_0003, 0x3333_3333, 0x3333_3333);
        Put(0xE00, 0x1401_0001);
        var dump = new ConfigDump(offset => offset < end ? BitConverter.ToUInt32(_space, offset)
            : throw new PciDeviceException("no more"), isVirtio: false);
        Assert.Equal(256, dump.Length);
        Assert.DoesNotContain(dump.Lines("card"), line => line.Contains("33 33", StringComparison.Ordinal));
    }

    // PCI Express 6.0, 7.9.6: two vendor numbers, then content that only the vendor knows.
    [Fact]
    public void WhatIsInADesignatedVendorSpecificCapabilityIsLeftOut()
    {
        Put(0x100, 0x0001_0023, 0x0140_8086, 0x4444_0007, 0x4444_4444, 0x4444_4444, 0x5555_5555);
        var dump = new ConfigDump(offset => BitConverter.ToUInt32(_space, offset), isVirtio: false);
        var lines = dump.Lines("card");
        Assert.Contains("100: 23 00 01 00 86 80 40 01 07 00 00 00 00 00 00 00", lines);
        Assert.Contains("110: 00 00 00 00 55 55 55 55 00 00 00 00 00 00 00 00", lines);
        Assert.Equal("designated vendor specific", Assert.Single(dump.Capabilities).Name);
    }

    private void Put(int offset, params uint[] words)
    {
        for (int i = 0; i < words.Length; i++) BitConverter.TryWriteBytes(_space.AsSpan(offset + 4 * i), words[i]);
    }
}
