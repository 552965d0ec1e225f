using System.Diagnostics;
using Xunit.Abstractions;

namespace Ixy.Vm.Tests;

/// <summary>
/// The kernel asks for a device that ixy uses through VFIO: ixy says so and gives it back, so nobody waits forever.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class VfioReleaseTests(GuestPool guests, ITestOutputHelper log)
{
    private const int LockedMiB = 128, First = IommuMachine.Virtio;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    // Kernel messages for a device that is not given back, a driver that hangs, or a device that keeps running.
    private static readonly string[] s_complaints = [
        "No device request channel", "(#10)", "blocked until", "blocked for more than", "DMAR: [", "WARNING:", "BUG:",
        "Call Trace", "timed out",
    ];

    [SkippableTheory]
    [InlineData("polling", "")]
    [InlineData("sleeping", "--interrupts")]
    public void AnUnbindEndsTheForwarderAndReturns(string how, string options) => WithGuest(guest =>
    {
        string address = GuestMachine.Address(First);
        using (var forwarder = Forwarder.Start(guest, First, LockedMiB, options))
        {
            guest.InMidTraffic(First, () => TakeBack(
                guest, forwarder, address, $"unbind, {how}",
                () => guest.Run($"echo {address} > /sys/bus/pci/drivers/vfio-pci/unbind").Succeeded()));
        }
        guest.AssertQuiet(First);
        guest.AssertQuiet(First + 1);
        AssertPassesAgain(guest);
    });

    [SkippableFact]
    public void ARemovalFromTheBusEndsTheForwarderAndReturns() => WithGuest(guest =>
    {
        string address = GuestMachine.Address(First + 1);
        using (var forwarder = Forwarder.Start(guest, First, LockedMiB))
        {
            guest.InMidTraffic(First, () => TakeBack(
                guest, forwarder, address, "remove",
                () => guest.Run($"echo 1 > /sys/bus/pci/devices/{address}/remove").Succeeded()));
        }
        guest.Run($"[ ! -e /sys/bus/pci/devices/{address} ] && echo 1 > /sys/bus/pci/rescan").Succeeded();
        AssertPassesAgain(guest);
    });

    [SkippableFact]
    public void AnUnplugEndsTheGeneratorAndTheDeviceLeaves() => WithGuest(guest =>
    {
        const string Address = IommuMachine.ResettableAddress;
        const int Device = IommuMachine.Resettable;
        guest.BindToVfio(Address);
        var port = guest.Port(Device);
        using (var generator = Forwarder.StartCommand(guest, $"ixy pktgen {Address} --rate 1kpps --json", LockedMiB))
        using (new Sink(port))
        {
            TakeBack(guest, generator, Address, "device_del", () =>
            {
                guest.Monitor.Execute("device_del", new { id = $"d{Device}" });
                WaitUntil(() => guest.Run($"[ ! -e /sys/bus/pci/devices/{Address} ]").ExitCode == 0);
            });
        }
        WaitUntil(() => TryPlugIn(guest, Device));
        WaitUntil(() => guest.Run($"[ -e /sys/bus/pci/devices/{Address} ]").ExitCode == 0);
        guest.BindToVfio(Address);
        port.Drain();
        string command = $"ixy pktgen {Address} --size 60 --count 2000 --rate 5kpps --json";
        using var pktgen = guest.Start(GuestSetup.AsUser(command, LockedMiB));
        TestPackets.ReceiveAll(port, pktgen, 2000, 60);
    });

    // A guest that lacks a device after a test is of no use to others.
    private void WithGuest(Action<Guest> test)
    {
        var guest = guests.Get(IommuMachine.Machine);
        try
        {
            guest.BindToVfio(GuestMachine.Address(First));
            guest.BindToVfio(GuestMachine.Address(First + 1));
            test(guest);
        }
        catch
        {
            guests.End(guest);
            throw;
        }
    }

    private void TakeBack(Guest guest, Forwarder forwarder, string address, string how, Action take)
    {
        guest.Run("dmesg -c").Succeeded();
        long start = Stopwatch.GetTimestamp();
        take();
        log.WriteLine($"{how}: it returned after {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s");
        var (report, error) = forwarder.WaitForLoss();
        string expected = $"{address}: the kernel asks for the device back";
        Assert.Contains($"ixy: {expected}", error);
        Assert.StartsWith(expected, report.GetProperty("notes")[0].GetString());
        Assert.True(report.GetProperty("durationSeconds").GetDouble() > 0);
        string kernel = guest.Run("dmesg").Succeeded();
        log.WriteLine(kernel);
        Assert.Contains("Relaying device request to user (#0)", kernel);
        Assert.All(s_complaints, complaint => Assert.DoesNotContain(complaint, kernel));
    }

    private void AssertPassesAgain(Guest guest)
    {
        guest.BindToVfio(GuestMachine.Address(First));
        guest.BindToVfio(GuestMachine.Address(First + 1));
        guest.Port(First).Drain();
        guest.Port(First + 1).Drain();
        using var forwarder = Forwarder.Start(guest, First, LockedMiB);
        forwarder.ExchangeThrough(guest, First, new() { Frames = 2000 }, log);
    }

    // As at boot; the name becomes free once QEMU has released the old device.
    private static bool TryPlugIn(Guest guest, int device)
    {
        try
        {
            guest.Monitor.Execute("device_add", new Dictionary<string, object>
            {
                ["driver"] = "virtio-net-pci",
                ["id"] = $"d{device}",
                ["bus"] = $"d{IommuMachine.RootPort}",
                ["addr"] = "00",
                ["netdev"] = $"n{device}",
                ["mac"] = GuestMachine.MacAddress(device),
                ["romfile"] = "",
                ["disable-legacy"] = "on",
                ["iommu_platform"] = true,
                ["ats"] = true,
            });
            return true;
        }
        catch (InvalidOperationException error) when (error.Message.Contains("Duplicate", StringComparison.Ordinal))
        {
            return false;
        }
    }

    /// <summary>Discards what a guest sends, until disposed: otherwise QEMU waits for room.</summary>
    private sealed class Sink : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _task;

        internal Sink(EthernetPort port) => _task = Task.Run(() =>
        {
            while (!_stop.IsCancellationRequested)
            {
                port.WaitForFrame(TimeSpan.FromMilliseconds(20));
                port.Drain();
            }
        });

        public void Dispose()
        {
            _stop.Cancel();
            _task.GetAwaiter().GetResult();
            _stop.Dispose();
        }
    }

    private static void WaitUntil(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_limit, $"did not come about within {s_limit}");
            Thread.Sleep(100);
        }
    }
}
