using Ixy.Vfio.Dma;

namespace Ixy.Vfio.Tests.Dma;

/// <summary>
/// DMA memory on a NUMA node, on a machine that may have only one; two nodes are tested in a guest (Ixy.Vm.Tests).
/// </summary>
public sealed unsafe class NumaMemoryTests
{
    private const int NoSuchNode = 1000;

    [SkippableFact]
    public void MemoryForANodeIsOnIt()
    {
        using var memory = OnNode(0);
        for (nuint offset = 0; offset < memory.Length; offset += 4096)
            Assert.Equal(0, NumaMemory.NodeOf(memory.Address + offset));
        Assert.Equal("prefer:0", NumaNodes.PolicyOf(memory.Address));
    }

    [SkippableFact]
    public void MemoryForOneNodeIsNotTakenFromThatOfAnother()
    {
        using var anywhere = DmaMemory.Allocate(4096);
        using var first = OnNode(0);
        using var second = DmaMemory.Allocate(4096, numaNode: 0);
        // In the same chunk as the first, as there is room, but apart from memory that may be on any node.
        Assert.Equal(first.Address / DmaArena.FrameLength, second.Address / DmaArena.FrameLength);
        Assert.NotEqual(anywhere.Address / DmaArena.FrameLength, first.Address / DmaArena.FrameLength);
    }

    [SkippableFact]
    public void ANodeThatDoesNotExistIsNoObstacleButTold()
    {
        NumaNodes.SkipWithout();
        using var memory = DmaMemory.Allocate(4096, numaNode: NoSuchNode);
        *(byte*)memory.Address = 1;
        Assert.Contains($"not on NUMA node {NoSuchNode}", DmaArena.Note);
    }

    [SkippableFact]
    public void APoolIsOnTheNodeOfItsOptions()
    {
        NumaNodes.SkipWithout();
        using var pool = new PacketPool(new() { Count = 16, NumaNode = 0 });
        var packet = new Packet[1];
        Assert.Equal(1, pool.Allocate(packet));
        packet[0].Length = 60;
        fixed (byte* data = packet[0].Data)
        {
            Assert.Equal(0, NumaMemory.NodeOf((nuint)data));
            using var beside = DmaMemory.Allocate(4096, numaNode: 0);
            Assert.Equal(beside.Address / DmaArena.FrameLength, (nuint)data / DmaArena.FrameLength);
        }
        packet[0].Free();
    }

    [Fact]
    public void NobodyKnowsTheNodeOfMemoryThatIsNotThere() => Assert.Null(NumaMemory.NodeOf(4096));

    private static DmaMemory OnNode(int node)
    {
        NumaNodes.SkipWithout();
        return DmaMemory.Allocate(64 << 10, numaNode: node);
    }
}
