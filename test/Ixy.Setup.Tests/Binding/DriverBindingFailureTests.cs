using Ixy.Setup.Binding;
using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup.Tests.Binding;

/// <summary>
/// A driver change that is refused, fails half-way or is interrupted leaves the card as it was, or a way back.
/// </summary>
public sealed class DriverBindingFailureTests : IDisposable
{
    private const string Card = "0000:03:00.0", NoSuchInterface = "ixy-none";
    private const int Up = 1;

    private readonly FakeSysfs _sysfs = new();
    private readonly FakeKernel _kernel;

    public DriverBindingFailureTests()
    {
        _kernel = new(_sysfs);
        _kernel.AddDrivers("e1000e", "vfio-pci");
        _sysfs.Add(Card);
        _sysfs.AddGroup(12, Card);
        _kernel.Hold(Card, "e1000e");
    }

    private (string? Driver, string? Override, bool HasRecord) State =>
        (_kernel.Function(Card).Driver, _kernel.Function(Card).DriverOverride,
            File.Exists(Path.Combine(_kernel.Records, Card)));

    [Theory]
    [InlineData(0)] // driver_override
    [InlineData(1)] // unbind
    [InlineData(2)] // drivers_probe
    public void ABindThatFailsHalfWayIsUndone(int write)
    {
        FailAt(write);
        var error = Assert.Throws<PciDeviceException>(() => Binder().Bind("vfio-pci"));
        Assert.Contains("no room", error.Message);
        Assert.Equal(("e1000e", null, false), State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)] // driver_override, the second time
    public void AnUnbindThatFailsHalfWayIsUndone(int write)
    {
        Binder().Bind("vfio-pci");
        FailAt(_kernel.Writes.Count + write);
        Assert.Throws<PciDeviceException>(() => Binder().Unbind());
        Assert.Equal(("vfio-pci", "vfio-pci", true), State);
        Binder().Unbind();
        Assert.Equal(("e1000e", null, false), State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void AfterABindThatWasCutOffUnbindKnowsTheWayBack(int write)
    {
        CutOffAt(write);
        Assert.Throws<CutOffException>(() => Binder().Bind("vfio-pci"));
        Binder().Unbind();
        Assert.Equal(("e1000e", null, false), State);
    }

    // The card never left its driver, so an unbind that only clears the override cuts nothing off.
    [Fact]
    public void AfterABindThatWasCutOffBeforeItChangedTheDriverUnbindMindsNoInterfaceInUse()
    {
        CutOffAt(1);
        Assert.Throws<CutOffException>(() => Binder().Bind("vfio-pci"));
        _sysfs.AddInterface(Card, NoSuchInterface, flags: Up);
        Binder().Unbind();
        Assert.Equal(("e1000e", null, false), State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void AfterABindThatWasCutOffItCanBeRepeated(int write)
    {
        CutOffAt(write);
        Assert.Throws<CutOffException>(() => Binder().Bind("vfio-pci"));
        Assert.Equal("vfio-pci", Binder().Bind("vfio-pci").After);
        Binder().Unbind();
        Assert.Equal(("e1000e", null, false), State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AnUnbindThatWasCutOffCanBeRepeated(int write)
    {
        Binder().Bind("vfio-pci");
        CutOffAt(_kernel.Writes.Count + write);
        Assert.Throws<CutOffException>(() => Binder().Unbind());
        Binder().Unbind();
        Assert.Equal(("e1000e", null, false), State);
    }

    [Fact]
    public void ADriverThatDoesNotTakeTheCardIsToldAndTheOldOneHasItAgain()
    {
        _kernel.Unwilling.Add("vfio-pci");
        string message = Assert.Throws<PciDeviceException>(() => Binder().Bind("vfio-pci")).Message;
        Assert.Contains($"the kernel driver vfio-pci does not take {Card}: 'sudo dmesg | tail'", message);
        Assert.Contains("is bound to e1000e again, as before", message);
        Assert.Equal(("e1000e", null, false), State);
    }

    [Fact]
    public void WhenNotEvenTheOldDriverTakesItThatIsSaid()
    {
        _kernel.Unwilling.UnionWith(["vfio-pci", "e1000e"]);
        string message = Assert.Throws<PciDeviceException>(() => Binder().Bind("vfio-pci")).Message;
        Assert.Contains($"{Card} could not be given back to e1000e", message);
        // Unbind can try again.
        Assert.True(State.HasRecord);
        _kernel.Unwilling.Clear();
        Binder().Unbind();
        Assert.Equal(("e1000e", null, false), State);
    }

    [Theory] // The loopback interface is up and has an address on every machine.
    [InlineData(false)]
    [InlineData(true)]
    public void ACardWhoseInterfaceIsInUseIsRefusedUnlessForced(bool virtio)
    {
        _sysfs.AddInterface(Card, "lo", flags: Up, virtio);
        var error = Assert.Throws<InterfaceInUseException>(() => Binder().Bind("vfio-pci"));
        Assert.Equal("lo", error.Interface);
        Assert.Contains("the network interface lo, which has the address", error.Message);
        Assert.Contains("--force", error.Message);
        Assert.Empty(_kernel.Writes);
        Assert.Equal(("e1000e", null, false), State);
        Assert.Equal("vfio-pci", Binder(force: true).Bind("vfio-pci").After);
    }

    [Theory]
    [InlineData("master", "br0", "is a port of br0", "nomaster")]
    [InlineData("upper_vlan7", "vlan7", "is below vlan7", "link delete vlan7")]
    public void AnInterfaceOfABridgeOrBelowAnotherIsInUse(string link, string target, string use, string cure)
    {
        _sysfs.AddInterface(Card, NoSuchInterface, flags: 0);
        Directory.CreateSymbolicLink(Path.Combine(_sysfs.Root, Card, "net", NoSuchInterface, link), $"../{target}");
        var error = Assert.Throws<InterfaceInUseException>(() => Binder().Bind("vfio-pci"));
        Assert.Contains(use, error.Message);
        Assert.Contains(cure, error.Message);
    }

    [Fact]
    public void AnInterfaceThatIsUpIsInUseAndOneThatIsDownIsNot()
    {
        _sysfs.AddInterface(Card, NoSuchInterface, flags: Up, virtio: true);
        Assert.Contains($"'sudo ip link set {NoSuchInterface} down'",
            Assert.Throws<InterfaceInUseException>(() => Binder().Bind("vfio-pci")).Message);
        _sysfs.AddInterface(Card, NoSuchInterface, flags: 0, virtio: true);
        Assert.True(Binder().Bind("vfio-pci").Changed);
    }

    [Fact]
    public void AnInterfaceOfAnotherNetworkNamespaceIsInUse()
    {
        Directory.CreateDirectory(Path.Combine(_sysfs.Root, Card, "net")); // with no interface to be seen
        Assert.Contains(
            "in another network namespace", Assert.Throws<InterfaceInUseException>(() => Binder().Bind("vfio-pci"))
            .Message);
    }

    [Fact]
    public void AnInterfaceThatSomebodyTakesIntoUseAtTheLastMomentIsSeen()
    {
        _kernel.BeforeWrite = number =>
        {
            if (number == 0) _sysfs.AddInterface(Card, NoSuchInterface, Up);
        };
        Assert.Throws<InterfaceInUseException>(() => Binder().Bind("vfio-pci"));
        Assert.DoesNotContain($"unbind {Card}", _kernel.Writes);
        Assert.Equal(("e1000e", null, false), State);
    }

    // Even without a record, in which case the kernel chooses.
    [Fact]
    public void AProcessThatOpensTheCardAtTheLastMomentIsSeen()
    {
        _kernel.Hold(Card, "vfio-pci");
        _kernel.BeforeWrite = number =>
        {
            if (number == 0) _kernel.AddProcess(4711, "ixy", "/dev/vfio/12");
        };
        Assert.Throws<DeviceBusyException>(() => Binder(force: true).Unbind());
        Assert.DoesNotContain($"unbind {Card}", _kernel.Writes);
        Assert.Equal(("vfio-pci", null, false), State);
    }

    [Theory]
    [InlineData("vfio-pci", "/dev/vfio/12")]
    [InlineData("vfio-pci", "/dev/vfio/noiommu-12")]
    [InlineData("vfio-pci", "/dev/vfio/devices/vfio3")]
    [InlineData("none", "/sys/devices/pci0000:00/0000:03:00.0/config")]
    [InlineData("none", "/sys/devices/pci0000:00/0000:03:00.0/resource0")]
    public void ACardThatAProcessDrivesIsRefusedEvenByForce(string driver, string file)
    {
        Binder().Bind(driver);
        Directory.CreateDirectory(Path.Combine(_sysfs.Root, Card, "vfio-dev/vfio3"));
        _kernel.AddProcess(4711, "ixy", file);
        Assert.Contains("is driven by ixy (process 4711): end that first",
            Assert.Throws<DeviceBusyException>(() => Binder(force: true).Unbind()).Message);
        Assert.Throws<DeviceBusyException>(() => Binder(force: true).Bind("e1000e"));
        Assert.Equal(driver == "none" ? null : driver, State.Driver);
    }

    [Fact]
    public void FilesOfOtherFunctionsDoNotCount()
    {
        _kernel.AddProcess(1, "a", "/dev/vfio/13");
        _kernel.AddProcess(2, "b", "/sys/devices/pci0000:00/0000:03:00.1/config");
        _kernel.AddProcess(3, "c", "/dev/vfio/vfio");
        _kernel.AddProcess(4, "d", "/home/0000:03:00.0/notes");
        _kernel.AddProcess(5, "e", "/dev/vfio/devices/vfio4");
        Assert.True(Binder().Bind("vfio-pci").Changed);
        Assert.True(Binder().Unbind().Changed);
    }

    [Fact]
    public void ADriverThatIsNotLoadedIsLoaded()
    {
        Directory.Delete(Path.Combine(_sysfs.Bus, "drivers", "vfio-pci"));
        _kernel.Forget("vfio_iommu_type1");
        _kernel.ModulesOnDisk.UnionWith(["vfio-pci", "vfio_iommu_type1"]);
        Assert.Equal(["vfio-pci", "vfio_iommu_type1"], Binder().Bind("vfio-pci").LoadedModules);
        Assert.Equal(
            ["modprobe vfio-pci", "modprobe vfio_iommu_type1", "driver_override vfio-pci"], _kernel.Writes.Take(3));
        Assert.Empty(Binder().Unbind().LoadedModules);
    }

    [Fact]
    public void ADriverThatThereIsNotChangesNothing()
    {
        Assert.Contains(
            "the kernel module igc cannot be loaded",
            Assert.Throws<PciDeviceException>(() => Binder().Bind("igc")).Message);
        Assert.Equal(["modprobe igc"], _kernel.Writes);
        Assert.Equal(("e1000e", null, false), State);
    }

    public void Dispose() => _sysfs.Dispose();

    private DriverBinder Binder(bool force = false) => new(_kernel, Card, force);

    private void FailAt(int write) => At(write, () => new PciDeviceException("no room"));

    // The code does not expect this exception, so it can do as little as after a kill -9.
    private void CutOffAt(int write) => At(write, () => new CutOffException());

    private void At(int write, Func<Exception> failure) => _kernel.BeforeWrite = number =>
    {
        if (number != write) return;
        _kernel.BeforeWrite = null;
        throw failure();
    };

    private sealed class CutOffException : Exception;
}
