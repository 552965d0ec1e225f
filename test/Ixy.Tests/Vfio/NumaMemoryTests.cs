using Ixy.Vfio;

namespace Ixy.Tests.Vfio;

/// <summary>DMA memory on a NUMA node, on a machine that may well have only one; two are tried in a guest (Ixy.Vm.Tests).</summary>
public sealed unsafe class NumaMemoryTests
{
    private const int NoSuchNode = 1000;

    [SkippableFact]
    public void MemoryForANodeIsOnIt()
    {
        using var memory = OnNode(0);
        for (nuint offset = 0; offset < memory.Length; offset += 4096) Assert.Equal(0, NumaMemory.NodeOf(memory.Address + offset));
        // The mapping's policy as the kernel shows it (proc(5), numa_maps): the address of the chunk, then the policy.
        string address = (memory.Address / DmaArena.FrameLength * DmaArena.FrameLength).ToString("x");
        string? line = File.ReadLines("/proc/self/numa_maps").FirstOrDefault(line => line.StartsWith(address, StringComparison.Ordinal));
        Assert.Contains("prefer", Assert.IsType<string>(line));
    }

    [SkippableFact]
    public void MemoryForOneNodeIsNotTakenFromThatOfAnother()
    {
        using var anywhere = DmaMemory.Allocate(4096);
        using var first = OnNode(0);
        using var second = DmaMemory.Allocate(4096, numaNode: 0);
        // In one chunk with the first, as there is room; and apart from what may be anywhere.
        Assert.Equal(first.Address / DmaArena.FrameLength, second.Address / DmaArena.FrameLength);
        Assert.NotEqual(anywhere.Address / DmaArena.FrameLength, first.Address / DmaArena.FrameLength);
    }

    [SkippableFact]
    public void ANodeThatDoesNotExistIsNoObstacleButTold()
    {
        SkipWithoutNodes();
        using var memory = DmaMemory.Allocate(4096, numaNode: NoSuchNode);
        *(byte*)memory.Address = 1;
        Assert.Contains($"not on NUMA node {NoSuchNode}", DmaArena.Note);
    }

    [SkippableFact]
    public void APoolIsOnTheNodeOfItsOptions()
    {
        SkipWithoutNodes();
        using var pool = new PacketPool(new() { Count = 16, NumaNode = 0 });
        var packet = new Packet[1];
        Assert.Equal(1, pool.Allocate(packet));
        Assert.Equal(0, NumaMemory.NodeOf((nuint)(packet[0].Buffer & Packet.AddressMask)));
        using var beside = DmaMemory.Allocate(4096, numaNode: 0);
        Assert.Equal(beside.Address / DmaArena.FrameLength, (nuint)(packet[0].Buffer & Packet.AddressMask) / DmaArena.FrameLength);
        packet[0].Free();
    }

    [Fact]
    public void NobodyKnowsTheNodeOfMemoryThatIsNotThere() => Assert.Null(NumaMemory.NodeOf(4096));

    private static DmaMemory OnNode(int node)
    {
        SkipWithoutNodes();
        return DmaMemory.Allocate(64 << 10, numaNode: node);
    }

    private static void SkipWithoutNodes()
    {
        Skip.IfNot(Directory.Exists("/sys/devices/system/node/node0"), "the kernel of this machine knows no NUMA nodes");
        int here = 1;
        Skip.If(NumaMemory.NodeOf((nuint)(&here)) is null, "this process may not ask where its pages are (move_pages(2))");
    }
}
