using System.Globalization;
using Xunit.Abstractions;

namespace Ixy.Vm.Tests;

/// <summary>
/// <c>ixy fwd --interrupts</c> between QEMU's virtio-net devices, whose interrupts arrive through VFIO and a remapping
/// IOMMU.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class VfioInterruptTests(GuestPool guests, ITestOutputHelper log)
{
    private const int LockedMiB = 128, Rounds = 100;
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(5);

    // A guest with an emulated processor cannot carry 1 Mpps: only some tens of thousands of frames per second, in
    // bursts of hundreds.
    [SkippableTheory]
    [InlineData("split rings", IommuMachine.Virtio)]
    [InlineData("packed rings", IommuMachine.Packed)]
    public void LoadComesAndGoesAHundredTimes(string rings, int first)
    {
        log.WriteLine(rings);
        var guest = guests.Get(IommuMachine.Machine);
        for (int i = 0; i < 2; i++) guest.BindToVfio(GuestMachine.Address(first + i));
        using var forwarder = Forwarder.Start(guest, first, LockedMiB, "--interrupts");

        AssertIdle(guest);
        // Each exchange ends with a wait of a fifth of a second.
        var rates = RunAllRounds(
            guest, () => new Exchange(guest.Port(first), guest.Port(first + 1), new() { Frames = 300 }).RunFaultless());
        log.WriteLine($"{rates.Min():0} to {rates.Max():0} frames per second");
        forwarder.Interrupt();
    }

    // A card in this process does send a million per second, as long as its ring has room for what the guest has not
    // yet processed.
    [SkippableTheory]
    [InlineData("split rings", LoadMachine.Virtio)]
    [InlineData("packed rings", LoadMachine.VirtioPacked)]
    public void AMillionASecondComesAndGoesAHundredTimes(string rings, int first)
    {
        log.WriteLine(rings);
        var guest = guests.Get(LoadMachine.Machine);
        // Otherwise there are more mappings than the cards' process may have.
        guest.SetHugePages(160);
        for (int i = 0; i < 2; i++) guest.BindToVfio(GuestMachine.Address(first + i));
        var rules = new RuleBook(guest, first, first + 1);
        using var forwarder = Forwarder.Start(guest, first, LockedMiB, "--interrupts --ring-size 4096");
        var pulses = new Pulses(guest.Card(first).Server.Wire, guest.Card(first + 1).Server.Wire, frames: 2000);

        AssertIdle(guest);
        var rates = RunAllRounds(guest, pulses.RunFaultless);
        double[] inOrder = [.. rates.Order()];
        log.WriteLine(
            $"{inOrder[0]:0} to {inOrder[^1]:0} frames per second were sent, {inOrder[Rounds / 2]:0} in the middle");
        // A busy host may take the core from the generator as long as it likes: how often is not a fault, but never
        // reaching the rate is.
        Assert.InRange(inOrder[^1], 700_000, 1_200_000);
        forwarder.Interrupt();
        rules.AssertOnly();
    }

    [SkippableFact]
    public void ThroughSysfsThereAreNone()
    {
        var guest = guests.Get(PlainMachine.Machine);
        guest.SetHugePages(64);
        for (int i = 0; i < 2; i++) guest.Unbind(GuestMachine.Address(PlainMachine.Legacy + i));
        var result = guest.Run(
            $"ixy fwd {GuestMachine.Address(PlainMachine.Legacy)} {GuestMachine.Address(PlainMachine.Legacy + 1)} "
            + "--interrupts 2>&1");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(
            "is driven through sysfs, which has no interrupts: poll, or bind the function to vfio-pci", result.Output);
    }

    private void AssertIdle(Guest guest)
    {
        double before = LookAtThread(guest).Seconds;
        Thread.Sleep(s_window);
        double share = (LookAtThread(guest).Seconds - before) / s_window.TotalSeconds;
        log.WriteLine($"{share:P2} of a core when idle");
        Assert.InRange(share, 0, 0.02);
    }

    // The results of all rounds. The forwarder sleeps in between.
    private List<double> RunAllRounds(Guest guest, Func<double> run)
    {
        List<double> results = [];
        long first = LookAtThread(guest).Sleeps, last = first;
        for (int round = 0; round < Rounds; round++)
        {
            results.Add(run());
            long before = last;
            last = LookAtThread(guest).Sleeps;
            Assert.True(last > before, $"the forwarder has not slept after burst {round}");
        }
        log.WriteLine($"{last - first} sleeps");
        return results;
    }

    // proc(5): seconds on a core, and how often the thread went to sleep.
    private static (double Seconds, long Sleeps) LookAtThread(Guest guest)
    {
        string[] words = guest.Run("""
            for task in /proc/$(pidof ixy)/task/*; do
                [ "$(cat $task/comm)" = "packets 0" ] && echo $(cut -d ' ' -f 1 $task/schedstat) $(grep ^voluntary $task/status | cut -f 2)
            done; true
            """).Succeeded().Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return (long.Parse(words[0], CultureInfo.InvariantCulture) / 1e9,
            long.Parse(words[1], CultureInfo.InvariantCulture));
    }
}
