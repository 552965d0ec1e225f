using Ixy.Simulation.Ixgbe.Receive;
using Xunit.Abstractions;

namespace Ixy.Vm.Tests;

/// <summary>Several queues with one thread each, and NUMA: a guest with two cores on two nodes.</summary>
[Collection(GuestCollection.Name)]
public sealed class MultiQueueTests(GuestPool guests, ITestOutputHelper log)
{
    private const int LockedMiB = 128;
    private const string Queues = "--queues 2";

    [SkippableFact]
    public void TwoThreadsForwardTenThousandFramesEachWayFlowByFlowInOrder()
    {
        // Virtio 1.2, 5.1.2.
        const int First = MultiQueueMachine.Automatic, Receive0 = 0, Transmit0 = 1, Receive1 = 2, Transmit1 = 3;
        var guest = GuestWithVfio(First);
        using var forwarder = Forwarder.Start(guest, First, LockedMiB, Queues);
        // Apart from isolation and nodes, thread i runs on core i.
        Assert.Equal(["packets 0: 0", "packets 1: 1"], PacketThreads(guest, forwarder));
        double rate = new Exchange(guest.Port(First), guest.Port(First + 1), new() { Flows = 16 }).RunFaultless();
        log.WriteLine($"{rate:0} frames per second");
        for (int device = First; device < First + 2; device++)
        {
            Assert.All([Receive0, Transmit0, Receive1, Transmit1],
                queue => Assert.True(
                    guest.UsedIndex(device, queue) > 0, $"queue {queue} of device {device} was not used"));
        }
        Assert.Equal(0, forwarder.Interrupt().GetProperty("allocatedBytes").GetInt64());
    }

    // Virtio 1.2, 5.1.6.5.7: each frame must arrive on the queue that its hash selects, computed here according to the
    // rules.
    [SkippableFact]
    public void WithRssTheHashSaysWhichQueueAFrameIsReceivedOn()
    {
        const int First = MultiQueueMachine.Rss, Receive0 = 0, Receive1 = 2;
        var guest = GuestWithVfio(First);
        using var forwarder = Forwarder.Start(guest, First, LockedMiB, $"{Queues} --symmetric-rss");
        var exchange = new Exchange(guest.Port(First), guest.Port(First + 1), new() { Flows = 64, Frames = 2000 });
        exchange.RunFaultless();
        var (there, back) = exchange.Frames();
        foreach (var (device, frames) in new[] { (First, there), (First + 1, back) })
        {
            int second = frames.Count(frame => Hash(frame) % 2 == 1), first = 2000 - second;
            log.WriteLine($"expected {first} and {second} frames");
            // The ports of these flows are each other's complement, so a symmetric hash is the same for all: automatic
            // steering would spread them.
            Assert.Equal((first, second), (guest.UsedIndex(device, Receive0), guest.UsedIndex(device, Receive1)));
        }
        forwarder.Interrupt();
    }

    [SkippableFact]
    public void WithoutTheFeatureRssIsRefused()
    {
        const int First = MultiQueueMachine.Automatic;
        var guest = GuestWithVfio(First);
        var result = guest.Run(GuestSetup.AsUser(
            $"ixy fwd {GuestMachine.Address(First)} {GuestMachine.Address(First + 1)} --symmetric-rss", LockedMiB));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("VIRTIO_NET_F_RSS", result.Error);
    }

    // The kernel accepts a node number from anybody who knows better than the firmware.
    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    public void MemoryAndThreadsAreOnTheNodeOfTheCards(int node)
    {
        const int First = MultiQueueMachine.Automatic;
        var guest = GuestWithVfio(First);
        SetNode(guest, First, node);
        using var forwarder = Forwarder.Start(guest, First, LockedMiB, "");
        // Node n has core n.
        Assert.Equal([$"packets 0: {node}"], PacketThreads(guest, forwarder));
        string[] maps = guest.Run($"grep ixy-dma /proc/{forwarder.ProcessId}/numa_maps").Succeeded()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        log.WriteLine(string.Join('\n', maps));
        // Only the warm-up cards' memory belongs to no node, and it is gone.
        Assert.NotEmpty(maps);
        Assert.All(maps, map =>
        {
            Assert.Contains($" prefer:{node} ", map);
            Assert.Contains($" N{node}=", map);
            Assert.DoesNotContain($" N{1 - node}=", map);
        });
        new Exchange(guest.Port(First), guest.Port(First + 1), new() { Frames = 1000 }).RunFaultless();
        forwarder.Interrupt();
    }

    // IPv4 addresses and UDP ports, without IP options.
    private static uint Hash(byte[] frame)
    {
        var hash = new RssHash();
        hash.SetKey(RssOptions.SymmetricKey.Span);
        return hash.Add(frame.AsSpan(26, 12));
    }

    private Guest GuestWithVfio(int first)
    {
        var guest = guests.Get(MultiQueueMachine.Machine);
        guest.BindToVfio(GuestMachine.Address(first));
        guest.BindToVfio(GuestMachine.Address(first + 1));
        SetNode(guest, first, node: -1);
        return guest;
    }

    private static void SetNode(Guest guest, int first, int node)
    {
        for (int device = first; device < first + 2; device++)
            guest.Run($"echo {node} > /sys/bus/pci/devices/{GuestMachine.Address(device)}/numa_node").Succeeded();
    }

    // Names of the threads, and the cores they may run on.
    private static string[] PacketThreads(Guest guest, Forwarder forwarder) => guest.Run($$"""
        cd /proc/{{forwarder.ProcessId}}/task
        for task in *; do
          name=$(cat $task/comm)
          case "$name" in packets*) echo "$name: $(grep Cpus_allowed_list $task/status | cut -f 2)";; esac
        done | sort
        """).Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
