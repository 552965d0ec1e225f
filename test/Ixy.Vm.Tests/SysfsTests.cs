namespace Ixy.Vm.Tests;

/// <summary>
/// The sysfs transport on a real kernel: huge pages of both sizes, I/O ports, and taking a card from its driver.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class SysfsTests(GuestPool guests)
{
    private static readonly string s_legacy = GuestMachine.Address(PlainMachine.Legacy);

    [SkippableFact]
    public void PortsAndHugePages()
    {
        var guest = guests.Get(PlainMachine.Machine);
        guest.Unbind(s_legacy);
        guest.SetHugePages(8);
        var facts = ProbeFacts.RunAsRoot(guest, $"sysfs {s_legacy}");
        facts.AssertAll(
            ("id", "1af4:1000"), ("frame-aligned", "yes"), ("page-length", "2048"),
            ("ports-mac", GuestMachine.MacAddress(PlainMachine.Legacy)));
        ProbeFacts.RunAsRoot(guest, $"sysfs-without-rights {s_legacy}")
            .AssertError("PrivilegeException", "/proc/self/pagemap", "CAP_SYS_ADMIN");
        guest.SetHugePages(0);
        ProbeFacts.RunAsRoot(guest, $"sysfs {s_legacy}")
            .AssertError("HugePagesRequiredException", "sudo tee /proc/sys/vm/nr_hugepages");
    }

    [SkippableFact]
    public void HugePagesOfOneGiB()
    {
        var guest = guests.Get(LongPagesMachine.Machine);
        Assert.Equal("1\n", guest.Run("cat /sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages").Succeeded());
        ProbeFacts.RunAsRoot(guest, $"sysfs {GuestMachine.Address(LongPagesMachine.Legacy)}")
            .AssertAll(("frame-aligned", "yes"), ("page-length", "1048576"), ("frames-contiguous", "yes"));
    }

    [SkippableFact]
    public void OnlyRootGetsAFunction() =>
        ProbeFacts.Run(guests.Get(PlainMachine.Machine), $"sysfs {s_legacy}")
        .AssertError("PrivilegeException", "needs root", "bind it to vfio-pci");

    [SkippableFact]
    public void ACardOfTheKernelIsLeftAloneUntilItIsReleased()
    {
        var guest = guests.Get(PlainMachine.Machine);
        guest.LoadModules("virtio_pci", "virtio_net");
        guest.BindTo("virtio-pci", s_legacy);
        guest.SetHugePages(8);
        ProbeFacts.RunAsRoot(guest, $"sysfs {s_legacy}")
            .AssertError("PciDeviceException", "held by the kernel driver virtio-pci", "driver/unbind");
        guest.Run($"echo {s_legacy} > /sys/bus/pci/devices/{s_legacy}/driver/unbind").Succeeded();
        ProbeFacts.RunAsRoot(guest, $"sysfs {s_legacy}").AssertAll(("done", "sysfs"));
        guest.SetHugePages(0);
    }
}
