using Ixy.Simulation;
using Ixy.Vfio.Interrupts;

namespace Ixy.Vfio.Tests;

public sealed class CapabilityTests : IDisposable
{
    private const string Address = "0000:03:00.0";
    private readonly FakeSysfs _sysfs = new();

    [Theory]
    [InlineData(0x01, 0x40)]
    [InlineData(0x05, 0x50)]
    [InlineData(0x11, 0x70)]
    [InlineData(0x10, 0xA0)]
    public void ACapabilityIsFoundById(byte id, int offset)
    {
        using var device = SimulatedCards.Open("sim:ixgbe");
        Assert.Equal([offset], device.FindCapabilities(id));
    }

    [Fact]
    public void ACapabilityThatIsNotThereIsNotFound()
    {
        using var device = SimulatedCards.Open("sim:ixgbe");
        Assert.Empty(device.FindCapabilities(0x09));
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void SeveralOfOneIdComeInTheOrderOfTheList()
    {
        using var device = OpenWith(
            (0x34, 0x80), (0x80, 0x09), (0x81, 0x60), (0x60, 0x05), (0x61, 0x40), (0x40, 0x09), (0x41, 0));
        Assert.Equal([0x80, 0x40], device.FindCapabilities(0x09));
    }

    [SkippableFact] // The status register says whether there is a list at all.
    [Trait("needs", "root")]
    public void WithoutTheStatusBitThereIsNoList()
    {
        using var device = OpenWith((0x34, 0x80), (0x80, 0x09), (0x06, 0));
        Assert.Empty(device.FindCapabilities(0x09));
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void AListWithoutAnEndIsFoundOut()
    {
        using var device = OpenWith((0x34, 0x40), (0x40, 0x09), (0x41, 0x50), (0x50, 0x09), (0x51, 0x40));
        var error = Assert.Throws<PciDeviceException>(() => device.FindCapabilities(0x11).ToList());
        Assert.Contains("has no end", error.Message);
    }

    [SkippableTheory] // PCI Local Bus 3.0, 6.8.1: a 64-bit address moves the mask bits to a higher offset.
    [Trait("needs", "root")]
    [InlineData(0x0100, 0x0C)]
    [InlineData(0x0180, 0x10)]
    public void TheMaskBitsOfMsiAreInItsCapability(int control, int offset)
    {
        using var device = OpenWith((0x34, 0x50), (0x50, 0x05), (0x52, (byte)control), (0x53, (byte)(control >> 8)));
        MessageMask.SetMsi(device, 3, masked: true);
        MessageMask.SetMsi(device, 0, masked: true);
        MessageMask.SetMsi(device, 3, masked: false);
        Assert.Equal(1u, device.ReadConfig(0x50 + offset, 4));
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void MsiWithoutMaskBitsCannotBeMasked()
    {
        using var device = OpenWith((0x34, 0x50), (0x50, 0x05), (0x52, 0x80));
        Assert.Contains(
            "have no mask bits",
            Assert.Throws<InterruptsNotSupportedException>(() => MessageMask.SetMsi(device, 0, masked: true)).Message);
    }

    public void Dispose() => _sysfs.Dispose();

    private SysfsPciDevice OpenWith(params (int Offset, byte Value)[] bytes)
    {
        Needs.Root("the sysfs transport needs root");
        string file = Path.Combine(_sysfs.Add(Address), "config");
        var config = File.ReadAllBytes(file);
        config[0x06] = 1 << 4;
        foreach (var (offset, value) in bytes) config[offset] = value;
        File.WriteAllBytes(file, config);
        Assert.True(PciAddress.TryParse(Address, out var address));
        return new SysfsPciDevice(new SysfsFunction(_sysfs.Root, $"{address}"), null);
    }
}
