using System.Text.Json;
using Xunit.Abstractions;

namespace Ixy.Vm.Tests.Traffic;

/// <summary>What the forwarding tests of both transports share.</summary>
internal static class ForwardingSteps
{
    private static readonly TimeSpan s_untilMidTraffic = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Two hosts exchange frames through the forwarder. All arrive in order and unchanged; ixy has counted the same
    /// numbers, and allocated nothing.
    /// </summary>
    internal static void ExchangeThrough(
        this Forwarder forwarder, Guest guest, int first, TrafficPlan plan, ITestOutputHelper log)
    {
        double rate = new Exchange(guest.Port(first), guest.Port(first + 1), plan).RunFaultless();
        log.WriteLine($"{rate:0} frames per second");
        var report = forwarder.Interrupt();
        Assert.Equal(0, report.GetProperty("allocatedBytes").GetInt64());
        Assert.All(report.GetProperty("devices").EnumerateArray(), device =>
        {
            Assert.Equal(plan.Frames, Number(device, "rxPackets"));
            Assert.Equal(plan.Frames, Number(device, "txPackets"));
            Assert.Equal(plan.TotalBytes, Number(device, "rxBytes"));
            Assert.Equal(plan.TotalBytes, Number(device, "txBytes"));
            Assert.Equal(0, Number(device, "rxDropped"));
            Assert.Equal(0, Number(device, "txDropped"));
        });
    }

    /// <summary>Kills the forwarder while frames pass in both directions.</summary>
    internal static void KillInMidTraffic(this Forwarder forwarder, Guest guest, int first) =>
        guest.InMidTraffic(first, forwarder.Kill);

    /// <summary>Runs an action that ends the forwarder while frames pass in both directions.</summary>
    internal static void InMidTraffic(this Guest guest, int first, Action end)
    {
        using var stop = new CancellationTokenSource();
        var exchange = new Exchange(guest.Port(first), guest.Port(first + 1), new() { Frames = int.MaxValue });
        var traffic = Task.Run(() => exchange.Run(stop.Token));
        Thread.Sleep(s_untilMidTraffic);
        try
        {
            end();
        }
        finally
        {
            stop.Cancel();
            traffic.GetAwaiter().GetResult();
        }
        var (there, back) = (exchange.There, exchange.Back);
        Assert.True(there.Sent - there.Lost > 0 && back.Sent - back.Lost > 0, $"there was no traffic: {there}, {back}");
        Assert.Equal((0, 0), (there.Corrupted, back.Corrupted));
    }

    /// <summary>Asserts that the device no longer does DMA, and that its driver has reset it.</summary>
    internal static void AssertQuiet(this Guest guest, int device)
    {
        // The command register in configuration space; bit 2 is bus mastering.
        string command = guest.Run(
            $"hexdump -s 4 -n 2 -e '1/2 \"%u\"' /sys/bus/pci/devices/{GuestMachine.Address(device)}/config")
            .Succeeded();
        Assert.Equal(0, int.Parse(command) & 4);
        Assert.Empty(guest.VirtioStatus(device));
    }

    /// <summary>The status bits of a virtio device (virtio 1.2, 2.1), as the device itself sees them.</summary>
    internal static IReadOnlyList<string> VirtioStatus(this Guest guest, int device)
    {
        var status = guest.Monitor.Execute("x-query-virtio-status", new { path = ObjectPath(device) });
        return [.. status.GetProperty("status").GetProperty("statuses").EnumerateArray()
            .Select(bit => bit.GetString()!)];
    }

    /// <summary>How many buffers of a split ring a virtio device has used since its reset, modulo 2^16.</summary>
    internal static int UsedIndex(this Guest guest, int device, int queue) =>
        guest.Monitor.Execute("x-query-virtio-queue-status", new { path = ObjectPath(device), queue })
        .GetProperty("used-idx").GetInt32();

    private static string ObjectPath(int device) => $"/machine/peripheral/d{device}/virtio-backend";

    private static long Number(JsonElement device, string name) => device.GetProperty(name).GetInt64();
}
