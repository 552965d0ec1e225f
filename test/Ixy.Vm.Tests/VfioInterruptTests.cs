using System.Globalization;
using Xunit.Abstractions;

namespace Ixy.Vm.Tests;

/// <summary><c>ixy fwd --interrupts</c> between virtio-net devices of QEMU, whose interrupts come through VFIO and a remapping IOMMU.</summary>
[Collection(GuestCollection.Name)]
public sealed class VfioInterruptTests(GuestPool guests, ITestOutputHelper log)
{
    private const int LockedMiB = 128, Rounds = 100;
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(5);

    // A guest whose processor is emulated carries no 1 Mpps: some tens of thousands of frames a second, in bursts of hundreds.
    [SkippableTheory]
    [InlineData("split rings", IommuMachine.Virtio)]
    [InlineData("packed rings", IommuMachine.Packed)]
    public void LoadComesAndGoesAHundredTimes(string rings, int first)
    {
        log.WriteLine(rings);
        var guest = guests.Get(IommuMachine.Machine);
        for (int i = 0; i < 2; i++) guest.BindToVfio(GuestMachine.Address(first + i));
        using var forwarder = Forwarder.Start(guest, first, LockedMiB, "--interrupts");

        var idle = LookAtThread(guest);
        Thread.Sleep(s_window);
        var after = LookAtThread(guest);
        double share = (after.Seconds - idle.Seconds) / s_window.TotalSeconds;
        log.WriteLine($"{share:P2} of a core when idle");
        Assert.InRange(share, 0, 0.02);

        double most = 0, least = double.MaxValue;
        long sleeps = after.Sleeps;
        for (int round = 0; round < Rounds; round++)
        {
            // At the end of each it waits for a fifth of a second.
            double rate = new Exchange(guest.Port(first), guest.Port(first + 1), new() { Frames = 300 }).RunFaultless();
            (most, least) = (Math.Max(most, rate), Math.Min(least, rate));
            long before = sleeps;
            sleeps = LookAtThread(guest).Sleeps;
            Assert.True(sleeps > before, $"the forwarder has not slept after burst {round}");
        }
        log.WriteLine($"{least:0} to {most:0} frames per second, {sleeps - after.Sleeps} sleeps");
        forwarder.Interrupt();
    }

    [SkippableFact]
    public void ThroughSysfsThereAreNone()
    {
        var guest = guests.Get(PlainMachine.Machine);
        guest.SetHugePages(64);
        for (int i = 0; i < 2; i++) guest.Unbind(GuestMachine.Address(PlainMachine.Legacy + i));
        var result = guest.Run($"ixy fwd {GuestMachine.Address(PlainMachine.Legacy)} {GuestMachine.Address(PlainMachine.Legacy + 1)} --interrupts 2>&1");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("is driven through sysfs, which has no interrupts: poll, or bind the function to vfio-pci", result.Output);
    }

    // proc(5): seconds on a core, and how often the thread has gone to sleep.
    private static (double Seconds, long Sleeps) LookAtThread(Guest guest)
    {
        string[] words = guest.Run("""
            for task in /proc/$(pidof ixy)/task/*; do
                [ "$(cat $task/comm)" = "packets 0" ] && echo $(cut -d ' ' -f 1 $task/schedstat) $(grep ^voluntary $task/status | cut -f 2)
            done; true
            """).Succeeded().Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return (long.Parse(words[0], CultureInfo.InvariantCulture) / 1e9, long.Parse(words[1], CultureInfo.InvariantCulture));
    }
}
