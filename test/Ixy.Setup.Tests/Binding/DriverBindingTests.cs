using Ixy.Setup.Binding;
using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup.Tests.Binding;

/// <summary>
/// What <c>ixy bind</c> and <c>ixy unbind</c> do to a card, in which order, and when they do nothing.
/// </summary>
public sealed class DriverBindingTests : IDisposable
{
    private const string Card = "0000:03:00.0";
    private static readonly string[] s_bindWrites =
        ["driver_override vfio-pci", $"unbind {Card}", $"drivers_probe {Card}"];

    private readonly FakeSysfs _sysfs = new();
    private readonly FakeKernel _kernel;

    public DriverBindingTests()
    {
        _kernel = new(_sysfs);
        _kernel.AddDrivers("e1000e", "vfio-pci", "igb");
        _sysfs.Add(Card);
        _sysfs.AddGroup(12, Card);
        _kernel.Hold(Card, "e1000e");
    }

    private string? Driver => _kernel.Function(Card).Driver;

    private string? Override => _kernel.Function(Card).DriverOverride;

    private bool HasRecord => File.Exists(Path.Combine(_kernel.Records, Card));

    [Fact]
    public void ACardGoesToVfioAndBackToWhatItHad()
    {
        var bound = Bind();
        Assert.Equal(("e1000e", "vfio-pci", true, 12), (bound.Before, bound.After, bound.Changed, bound.IommuGroup));
        Assert.Empty(bound.Warnings);
        Assert.Equal(s_bindWrites, _kernel.Writes);
        // Not the driver that the kernel would choose by now.
        _kernel.StockDriver = "igb";
        var back = Unbind();
        Assert.Equal(("vfio-pci", "e1000e", true), (back.Before, back.After, back.Changed));
        Assert.Equal(
            [.. s_bindWrites, "driver_override e1000e", $"unbind {Card}", $"drivers_probe {Card}", "driver_override "],
            _kernel.Writes);
        Assert.Equal(("e1000e", null, false), (Driver, Override, HasRecord));
    }

    [Theory]
    [InlineData("DMA", true)]
    [InlineData("DMA-FQ", true)]
    [InlineData("identity", false)]
    public void WithNoDriverBehindAnIommuThatTranslatesItIsOfNoUseAndThatIsSaid(string type, bool warns)
    {
        _sysfs.SetGroupType(12, type);
        var bound = Binder(Card).Bind("none");
        Assert.Null(bound.After);
        Assert.Equal(warns ? 1 : 0, bound.Warnings.Count);
        if (warns) Assert.StartsWith(
            $"{Card} is behind an IOMMU that translates (the type of its group 12 is {type})", bound.Warnings[0]);
    }

    // On some machines a group contains devices that are not PCI functions, such as the SoC's network interface.
    [Fact]
    public void WhatElseIsInTheGroupIsWarnedOfToo()
    {
        string device = Path.Combine(_sysfs.Bus, "platform", "fd000000.ethernet");
        Directory.CreateDirectory(device);
        Directory.CreateSymbolicLink(Path.Combine(device, "driver"), Path.Combine(_sysfs.Bus, "drivers", "igb"));
        Directory.CreateSymbolicLink(Path.Combine(_sysfs.Bus, "iommu_groups/12/devices/fd000000.ethernet"), device);
        string warning = Assert.Single(Bind().Warnings);
        Assert.StartsWith(
            $"{Card} shares IOMMU group 12 with fd000000.ethernet, which the kernel drives (igb)", warning);
    }

    [Fact]
    public void ACardOfALargeDomainGoesToVfioAndBack()
    {
        const string Vmd = "10000:e1:00.0";
        _sysfs.Add(Vmd);
        _sysfs.AddGroup(13, Vmd);
        _kernel.Hold(Vmd, "e1000e");
        Assert.Equal("vfio-pci", Binder(Vmd).Bind("vfio-pci").After);
        Assert.True(File.Exists(Path.Combine(_kernel.Records, Vmd)));
        Assert.Equal("e1000e", Binder(Vmd).Unbind().After);
        Assert.False(File.Exists(Path.Combine(_kernel.Records, Vmd)));
    }

    [Fact]
    public void BothMayBeSaidTwice()
    {
        Bind();
        int writes = _kernel.Writes.Count;
        _kernel.ActsAsRoot = false; // and it needs no privileges
        Assert.Equal(("vfio-pci", false), (Bind().After, Bind().Changed));
        _kernel.ActsAsRoot = true;
        Assert.Equal(writes, _kernel.Writes.Count);
        Unbind();
        writes = _kernel.Writes.Count;
        Assert.Equal(("e1000e", false), (Unbind().After, Unbind().Changed));
        Assert.Equal(writes, _kernel.Writes.Count);
    }

    [Fact]
    public void WhateverItWasBoundToInBetweenItGetsItsFirstDriverBack()
    {
        Bind();
        Bind("none");
        Assert.Equal((null, "none"), (Driver, Override));
        Bind("igb");
        Bind();
        Unbind();
        Assert.Equal(("e1000e", null), (Driver, Override));
    }

    [Fact]
    public void ACardWithoutADriverIsWithoutOneAgain()
    {
        _kernel.Hold(Card, null);
        Bind();
        var back = Unbind();
        Assert.Equal((null, null, false), (Driver, Override, HasRecord));
        Assert.Empty(back.Warnings);
    }

    [Fact]
    public void AnOverrideThatWasThereIsThereAgain()
    {
        File.WriteAllText(Path.Combine(_sysfs.Root, Card, "driver_override"), "e1000e\n");
        Bind();
        Unbind();
        Assert.Equal(("e1000e", "e1000e"), (Driver, Override));
    }

    [Fact]
    public void WhatSomebodyElseChoseSinceCounts()
    {
        Bind();
        _kernel.Hold(Card, "igb");
        Bind();
        Unbind();
        Assert.Equal("igb", Driver);
    }

    [Fact]
    public void TheRecordOfAnotherCardAtTheSameAddressDoesNotCount()
    {
        Bind();
        File.WriteAllText(Path.Combine(_sysfs.Root, Card, "device"), "0x1521\n");
        _kernel.StockDriver = "igb";
        Unbind();
        Assert.Equal("igb", Driver);
    }

    [Fact]
    public void ARecordThatCannotBeReadIsToldWithTheCure()
    {
        Bind();
        string record = Path.Combine(_kernel.Records, Card);
        File.WriteAllText(record, "nonsense");
        Assert.Contains(
            $"delete it with 'sudo rm {record}'", Assert.Throws<PciDeviceException>(() => Unbind()).Message);
        Assert.Equal("vfio-pci", Driver);
    }

    // After a reboot there is no record; the rule has set the override, and the saved setting says to which driver.
    [Fact]
    public void WhatWasNotedForTheStartOfTheMachineIsNotTheKernelsChoice()
    {
        _kernel.AddDrivers("uio_pci_generic");
        _kernel.Hold(Card, "uio_pci_generic");
        File.WriteAllText(Path.Combine(_sysfs.Root, Card, "driver_override"), "uio_pci_generic\n");
        Assert.False(Unbind().Changed);
        Assert.Equal("uio_pci_generic", Binder(Card).Unbind(atStart: "igb").After);
        var back = Binder(Card).Unbind(atStart: "uio_pci_generic");
        Assert.Equal(("uio_pci_generic", "e1000e"), (back.Before, back.After));
        Assert.Equal(("e1000e", null), (Driver, Override));
        // The saved driver may be the kernel's own choice.
        int writes = _kernel.Writes.Count;
        Assert.False(Binder(Card).Unbind(atStart: "e1000e").Changed);
        Assert.Equal(writes, _kernel.Writes.Count);
    }

    [Fact]
    public void ACardThatWasBoundByOtherMeansGetsTheKernelsChoice()
    {
        _kernel.Hold(Card, "vfio-pci");
        File.WriteAllText(Path.Combine(_sysfs.Root, Card, "driver_override"), "vfio-pci\n");
        Assert.Equal("e1000e", Unbind().After);
        Assert.Equal(["driver_override ", $"unbind {Card}", $"drivers_probe {Card}"], _kernel.Writes);
        _kernel.Hold(Card, "vfio-pci");
        _kernel.StockDriver = null;
        var result = Unbind();
        Assert.Null(result.After);
        Assert.Contains("modprobe $(cat", Assert.Single(result.Warnings));
    }

    [Theory]
    [InlineData(0x010600)] // a disk controller
    [InlineData(0x060400)] // a bridge
    [InlineData(0xFFFF00)]
    public void WhatIsNoNetworkCardIsNeverTouched(int classCode)
    {
        const string Other = "0000:04:00.0";
        _sysfs.Add(Other, classCode: classCode);
        _sysfs.AddGroup(13, Other);
        _kernel.Hold(Other, "e1000e");
        var error = Assert.Throws<PciDeviceException>(() => new DriverBinder(_kernel, Other, force: true));
        Assert.Contains($"{Other} is not a network card: its PCI class is {classCode:x6}", error.Message);
        Assert.Empty(_kernel.Writes);
    }

    [Fact]
    public void AnAddressWithoutAFunctionIsNotFound() =>
        Assert.Throws<DeviceNotFoundException>(() => new DriverBinder(_kernel, "0000:05:00.0", force: false));

    [Fact]
    public void WhoIsNotRootIsToldSo()
    {
        _kernel.ActsAsRoot = false;
        Assert.Contains("needs root: run it with sudo", Assert.Throws<PrivilegeException>(() => Bind()).Message);
        _kernel.Hold(Card, "vfio-pci");
        Assert.Throws<PrivilegeException>(() => Unbind());
        Assert.Empty(_kernel.Writes);
    }

    [Fact]
    public void WithoutAnIommuOnlyNoDriverIsOfUse()
    {
        Directory.Delete(Path.Combine(_sysfs.Root, Card, "iommu_group"));
        Assert.Contains(
            $"'sudo ixy bind {Card} --driver none'", Assert.Throws<VfioUnavailableException>(() => Bind()).Message);
        Assert.Empty(_kernel.Writes);
        Assert.Null(Bind("none").After);
        Assert.Equal("e1000e", Unbind().After);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-r")]
    [InlineData("../igb")]
    [InlineData("vfio pci")]
    public void WhatIsNoNameOfADriverIsRefused(string driver)
    {
        Assert.Throws<ArgumentException>(() => Bind(driver));
        Assert.Empty(_kernel.Writes);
    }

    [Fact]
    public void OthersOfTheGroupThatTheKernelDrivesAreWarnedOf()
    {
        const string First = "0000:06:00.0", Second = "0000:06:00.1", Disk = "0000:06:00.2", Bridge = "0000:06:1c.0",
            Free = "0000:06:00.3";
        _sysfs.Add(First);
        _sysfs.Add(Second);
        _sysfs.Add(Disk, classCode: 0x010600);
        _sysfs.Add(Bridge, classCode: 0x060400);
        _sysfs.Add(Free);
        _sysfs.AddGroup(13, First, Second, Disk, Bridge, Free);
        foreach (string address in new[] { First, Second, Disk, Bridge }) _kernel.Hold(address, "e1000e");
        var warnings = new DriverBinder(_kernel, First, force: false).Bind("vfio-pci").Warnings;
        Assert.Equal(2, warnings.Count);
        Assert.Contains($"shares IOMMU group 13 with {Second}, which the kernel drives (e1000e)", warnings[0]);
        Assert.Contains($"'sudo ixy bind {Second}'", warnings[0]);
        Assert.Contains($"echo {Disk} | sudo tee", warnings[1]);
        // Repeated as long as it is true.
        Assert.Single(new DriverBinder(_kernel, Second, force: false).Bind("vfio-pci").Warnings);
    }

    public void Dispose() => _sysfs.Dispose();

    private DriverBindingResult Bind(string driver = "vfio-pci") => Binder(Card).Bind(driver);

    private DriverBindingResult Unbind() => Binder(Card).Unbind();

    private DriverBinder Binder(string address) => new(_kernel, address, force: false);
}
