using Xunit.Abstractions;

namespace Ixy.Vm.Tests;

/// <summary>
/// <c>ixy fwd</c> between QEMU's virtio-net devices behind an IOMMU, through VFIO, without privileges.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class VfioForwardingTests(GuestPool guests, ITestOutputHelper log)
{
    private const int LockedMiB = 128;

    [SkippableTheory]
    [InlineData("split rings", IommuMachine.Virtio, "")]
    [InlineData("split rings, watched buffers", IommuMachine.Virtio, "--checked")]
    [InlineData("packed rings", IommuMachine.Packed, "")]
    public void TenThousandFramesPassEachWay(string rings, int first, string options)
    {
        log.WriteLine(rings);
        var guest = GuestWithVfio(IommuMachine.Machine, first);
        using var forwarder = Forwarder.Start(guest, first, LockedMiB, options);
        forwarder.ExchangeThrough(guest, first, new(), log);
    }

    // Buffers of 2,048 bytes, so a frame of 9,014 spans five.
    [SkippableFact]
    public void FramesOfUpTo9000BytesAndHeaderPassThroughMergeableBuffers()
    {
        var guest = GuestWithVfio(IommuMachine.Machine, IommuMachine.Jumbo);
        using var forwarder = Forwarder.Start(
            guest, IommuMachine.Jumbo, LockedMiB, "--max-frame-size 9014 --buffer-size 2048");
        forwarder.ExchangeThrough(guest, IommuMachine.Jumbo, new() { Longest = 9014 }, log);
    }

    [SkippableFact]
    public void AfterAKillInMidTrafficItWorksAgain()
    {
        const int First = IommuMachine.Virtio;
        var guest = GuestWithVfio(IommuMachine.Machine, First);
        using (var killed = Forwarder.Start(guest, First, LockedMiB)) killed.KillInMidTraffic(guest, First);
        using var forwarder = Forwarder.Start(guest, First, LockedMiB);
        forwarder.ExchangeThrough(guest, First, new() { Frames = 2000 }, log);
    }

    // Every page is mapped for the cards separately, wherever it is in the guest's memory; rings and buffers span
    // several pages.
    [SkippableTheory]
    [InlineData("ixgbe", LoadMachine.Ixgbe)]
    [InlineData("virtio, split rings", LoadMachine.Virtio)]
    [InlineData("virtio, packed rings", LoadMachine.VirtioPacked)]
    public void SimulatedCardsWorkWithoutHugePages(string cards, int first)
    {
        log.WriteLine(cards);
        var guest = GuestWithVfio(LoadMachine.Machine, first);
        guest.SetHugePages(0);
        var rules = new RuleBook(guest, first, first + 1);
        using var forwarder = Forwarder.Start(guest, first, LockedMiB, "--ring-size 512");
        if (first == LoadMachine.Ixgbe)
        {
            forwarder.ExchangeThrough(guest, first, new(), log);
        }
        else
        {
            SendPulses(guest, first);
            forwarder.Interrupt();
        }
        rules.AssertOnly();
    }

    [SkippableFact]
    public void CtrlCLeavesTheDevicesQuiet()
    {
        const int First = IommuMachine.Virtio;
        var guest = GuestWithVfio(IommuMachine.Machine, First);
        using var forwarder = Forwarder.Start(guest, First, LockedMiB);
        Assert.NotEmpty(guest.VirtioStatus(First));
        forwarder.Interrupt();
        guest.AssertQuiet(First);
        guest.AssertQuiet(First + 1);
    }

    private static void SendPulses(Guest guest, int first)
    {
        var pulses = new Pulses(guest.Card(first).Server.Wire, guest.Card(first + 1).Server.Wire, frames: 200);
        for (int pulse = 0; pulse < 10; pulse++) pulses.RunFaultless();
    }

    private Guest GuestWithVfio(GuestMachine machine, int first)
    {
        var guest = guests.Get(machine);
        guest.BindToVfio(GuestMachine.Address(first));
        guest.BindToVfio(GuestMachine.Address(first + 1));
        return guest;
    }
}
