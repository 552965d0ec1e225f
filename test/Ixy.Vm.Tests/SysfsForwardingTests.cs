using Xunit.Abstractions;

namespace Ixy.Vm.Tests;

/// <summary>
/// <c>ixy fwd</c> between QEMU's virtio-net devices without IOMMU and VFIO, through sysfs and huge pages, as root.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class SysfsForwardingTests(GuestPool guests, ITestOutputHelper log)
{
    private const int HugePages = 64;

    [SkippableTheory]
    [InlineData("legacy", PlainMachine.Legacy)]
    [InlineData("modern", PlainMachine.Modern)]
    public void TenThousandFramesPassEachWay(string kind, int first)
    {
        log.WriteLine(kind);
        var guest = GuestWithHugePages(first);
        using var forwarder = Forwarder.Start(guest, first, lockedMiB: null);
        forwarder.ExchangeThrough(guest, first, new(), log);
    }

    [SkippableTheory]
    [InlineData("legacy", PlainMachine.Legacy)]
    [InlineData("modern", PlainMachine.Modern)]
    public void AfterAKillInMidTrafficItWorksAgain(string kind, int first)
    {
        log.WriteLine(kind);
        var guest = GuestWithHugePages(first);
        using (var killed = Forwarder.Start(guest, first, lockedMiB: null)) killed.KillInMidTraffic(guest, first);
        using var forwarder = Forwarder.Start(guest, first, lockedMiB: null);
        forwarder.ExchangeThrough(guest, first, new() { Frames = 2000 }, log);
    }

    [SkippableTheory]
    [InlineData("legacy", PlainMachine.Legacy)]
    [InlineData("modern", PlainMachine.Modern)]
    public void CtrlCLeavesTheDevicesQuiet(string kind, int first)
    {
        log.WriteLine(kind);
        var guest = GuestWithHugePages(first);
        using var forwarder = Forwarder.Start(guest, first, lockedMiB: null);
        Assert.NotEmpty(guest.VirtioStatus(first));
        forwarder.Interrupt();
        guest.AssertQuiet(first);
        guest.AssertQuiet(first + 1);
    }

    private Guest GuestWithHugePages(int first)
    {
        var guest = guests.Get(PlainMachine.Machine);
        Assert.DoesNotContain("vfio", guest.Run("lsmod").Succeeded());
        guest.Unbind(GuestMachine.Address(first));
        guest.Unbind(GuestMachine.Address(first + 1));
        guest.SetHugePages(HugePages);
        return guest;
    }
}
