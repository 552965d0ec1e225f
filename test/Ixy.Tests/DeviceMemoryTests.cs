using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Virtio;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Tests;

/// <summary>
/// All memory that a device accesses by DMA is on its NUMA node: rings, buffers, commands. On a machine with a single
/// node, the kernel reports the policy that was requested.
/// </summary>
public sealed unsafe class DeviceMemoryTests
{
    [SkippableFact]
    public void TheMemoryOfAnIxgbeCardIsOnItsNode()
    {
        using var device = Open(new IxgbeCard(new IxgbeCardOptions(), new FarEnd()));
        var bar = device.PciDevice.OpenBar(0);
        AssertOnNode(
            "receive ring", bar.Read32(IxgbeRegisters.RDBAL[0]) | (ulong)bar.Read32(IxgbeRegisters.RDBAH[0]) << 32);
        AssertOnNode(
            "transmit ring", bar.Read32(IxgbeRegisters.TDBAL[0]) | (ulong)bar.Read32(IxgbeRegisters.TDBAH[0]) << 32);
        AssertPoolOnNode(device);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheMemoryOfAVirtioDeviceIsOnItsNode(bool packed)
    {
        const int Structures = 4, Control = 2;
        using var device = Open(new VirtioCard(new VirtioCardOptions { IsPacked = packed }, new FarEnd()));
        var bar = device.PciDevice.OpenBar(Structures);
        for (ushort queue = 0; queue <= Control; queue++)
        {
            bar.Write16(Common.QueueSelect, queue);
            ulong descriptors = bar.Read32(Common.QueueDescriptors[0])
                | (ulong)bar.Read32(Common.QueueDescriptors[1]) << 32;
            AssertOnNode($"ring of queue {queue}", descriptors);
            // Its first command turns filtering off.
            if (queue == Control) AssertOnNode("command", *(ulong*)descriptors);
        }
        AssertPoolOnNode(device);
    }

    private static NetworkDevice Open(Ixy.Simulation.Cards.CardModel card)
    {
        NumaNodes.SkipWithout();
        var device = new InterposedDevice(new Ixy.Simulation.SimulatedPciDevice("sim:test", card)) { Node = 0 };
        return NetworkDevice.Open(device, DriverBench.Defaults);
    }

    private static void AssertPoolOnNode(NetworkDevice device)
    {
        Assert.True(device.ReceiveQueues[0].Pool.TryAllocate(out var packet));
        AssertOnNode("buffer", packet.Buffer & Packet.AddressMask);
        packet.Free();
    }

    private static void AssertOnNode(string what, ulong address) =>
        Assert.Equal((what, "prefer:0"), (what, NumaNodes.PolicyOf(address)));
}
