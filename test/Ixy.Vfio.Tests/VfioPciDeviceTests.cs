using Ixy.Vfio.Kernel;

namespace Ixy.Vfio.Tests;

/// <summary>What can be tested of VFIO without a VFIO device; the rest is tested in guests (Ixy.Vm.Tests).</summary>
public sealed class VfioPciDeviceTests : IDisposable
{
    private const string Address = "0000:03:00.0", Neighbour = "0000:03:00.1";
    private readonly FakeSysfs _sysfs = new();

    [Fact]
    public void WithoutIommuItSaysSo()
    {
        _sysfs.Add(Address);
        Assert.Contains(
            "intel_iommu=on", Assert.Throws<VfioUnavailableException>(() => Open(_sysfs.AddVfio("vfio"))).Message);
    }

    [Fact]
    public void WithoutModulesItSaysSo()
    {
        _sysfs.Add(Address);
        _sysfs.AddGroup(17, Address);
        Assert.Contains(
            "'sudo modprobe vfio-pci'", Assert.Throws<VfioUnavailableException>(() => Open(_sysfs.AddVfio())).Message);
    }

    [Theory]
    [InlineData("ixgbe", "driver/unbind")]
    [InlineData(null, "drivers_probe")]
    public void AnotherDriverIsNamedWithTheCommandsThatReplaceIt(string? driver, string contains)
    {
        _sysfs.Add(Address);
        _sysfs.AddGroup(17, Address);
        if (driver is not null) _sysfs.HoldByKernel(Address, driver);
        var error = Assert.Throws<NotBoundToVfioException>(() => Open(_sysfs.AddVfio("vfio", "17")));
        Assert.Equal(driver, error.Driver);
        Assert.Contains(contains, error.Message);
        Assert.Equal(driver is not null, error.Message.Contains("/driver/unbind", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("vfio-pci", true)]
    [InlineData("mlx5_vfio_pci", true)]
    [InlineData("ixgbe", false)]
    public void VariantsOfTheDriverCount(string driver, bool isVfio)
    {
        _sysfs.Add(Address);
        _sysfs.HoldByKernel(Address, driver);
        Assert.Equal(isVfio, new SysfsFunction(_sysfs.Root, Address).IsBoundToVfio);
    }

    [Fact]
    public void AFileThatIsNoContainerIsNotTakenForOne()
    {
        _sysfs.Add(Address);
        _sysfs.AddGroup(17, Address);
        _sysfs.HoldByKernel(Address, "vfio-pci");
        Assert.Contains(
            "is not the container file",
            Assert.Throws<VfioUnavailableException>(() => Open(_sysfs.AddVfio("vfio", "17"))).Message);
    }

    [Fact]
    public void AGroupHasItsMembersWithTheirDrivers()
    {
        _sysfs.Add(Address);
        _sysfs.Add(Neighbour);
        _sysfs.AddGroup(17, Address, Neighbour);
        _sysfs.HoldByKernel(Neighbour, "ixgbe");
        var function = new SysfsFunction(_sysfs.Root, Address);
        Assert.Equal(17, function.IommuGroup);
        Assert.Equal(
            [(Address, null), (Neighbour, "ixgbe")],
            function.GroupMembers().Select(member => (member.Name, member.Driver)));
    }

    [Fact]
    public void LockedMemoryAndItsLimitAreKnown()
    {
        Assert.True(MemoryLock.Limit > 0);
        Assert.True(MemoryLock.Locked < 1UL << 40);
    }

    public void Dispose() => _sysfs.Dispose();

    private VfioPciDevice Open(string directory) =>
        new(new SysfsFunction(_sysfs.Root, Address), check: null, directory);
}
