using Xunit.Abstractions;

namespace Ixy.Vm.Tests;

/// <summary>Several queues, a thread for each, and NUMA: a guest with two cores on two nodes.</summary>
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
        // Isolation and nodes apart, thread i has core i.
        Assert.Equal(["packets 0: 0", "packets 1: 1"], PacketThreads(guest));
        double rate = new Exchange(guest.Port(First), guest.Port(First + 1), new() { Flows = 16 }).RunFaultless();
        log.WriteLine($"{rate:0} frames per second");
        for (int device = First; device < First + 2; device++)
        {
            Assert.All([Receive0, Transmit0, Receive1, Transmit1],
                queue => Assert.True(guest.UsedIndex(device, queue) > 0, $"queue {queue} of device {device} was not used"));
        }
        Assert.Equal(0, forwarder.Interrupt().GetProperty("allocatedBytes").GetInt64());
    }

    // The kernel takes a node's number from whoever knows better than the firmware.
    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    public void MemoryAndThreadsAreOnTheNodeOfTheCards(int node)
    {
        const int First = MultiQueueMachine.Automatic;
        var guest = GuestWithVfio(First);
        for (int device = First; device < First + 2; device++)
            guest.Run($"echo {node} > /sys/bus/pci/devices/{GuestMachine.Address(device)}/numa_node").Succeeded();
        using var forwarder = Forwarder.Start(guest, First, LockedMiB, "");
        // Node n has core n.
        Assert.Equal([$"packets 0: {node}"], PacketThreads(guest));
        string[] maps = guest.Run("grep ixy-dma /proc/$(pgrep -x ixy)/numa_maps").Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        log.WriteLine(string.Join('\n', maps));
        // Of all memory for cards, only that of the cards of the practice is without a node, and it is gone.
        Assert.NotEmpty(maps);
        Assert.All(maps, map =>
        {
            Assert.Contains($"prefer:{node} ", map.Replace("prefer=", "prefer:"));
            Assert.Contains($" N{node}=", map);
            Assert.DoesNotContain($" N{1 - node}=", map);
        });
        new Exchange(guest.Port(First), guest.Port(First + 1), new() { Frames = 1000 }).RunFaultless();
        forwarder.Interrupt();
    }

    private Guest GuestWithVfio(int first)
    {
        var guest = guests.Get(MultiQueueMachine.Machine);
        guest.BindToVfio(GuestMachine.Address(first));
        guest.BindToVfio(GuestMachine.Address(first + 1));
        return guest;
    }

    // Names of threads, and the cores they may run on.
    private static string[] PacketThreads(Guest guest) => guest.Run("""
        cd /proc/$(pgrep -x ixy)/task
        for task in *; do
          name=$(cat $task/comm)
          case "$name" in packets*) echo "$name: $(grep Cpus_allowed_list $task/status | cut -f 2)";; esac
        done | sort
        """).Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
