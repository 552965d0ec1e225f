using System.Globalization;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy.Tests.Vfio;

/// <summary>
/// DMA memory on a NUMA node, on a machine that may well have only one; two are tried in a guest (Ixy.Vm.Tests).
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
        Assert.Equal("prefer:0", PolicyOf(memory.Address));
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
        Assert.Equal(
            beside.Address / DmaArena.FrameLength,
            (nuint)(packet[0].Buffer & Packet.AddressMask) / DmaArena.FrameLength);
        packet[0].Free();
    }

    [Fact]
    public void NobodyKnowsTheNodeOfMemoryThatIsNotThere() => Assert.Null(NumaMemory.NodeOf(4096));

    private static DmaMemory OnNode(int node)
    {
        SkipWithoutNodes();
        return DmaMemory.Allocate(64 << 10, numaNode: node);
    }

    /// <summary>
    /// Which node the pages of an address are to be on, as the kernel shows it (proc(5), numa_maps): a mapping's start,
    /// then its policy.
    /// </summary>
    internal static string PolicyOf(ulong address) =>
        File.ReadLines("/proc/self/numa_maps").Select(line => line.Split(' '))
        .Last(words => ulong.Parse(words[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture) <= address)[1];

    internal static void SkipWithoutNodes()
    {
        Skip.IfNot(Directory.Exists("/sys/devices/system/node/node0"),
            "the kernel of this machine knows no NUMA nodes");
        int here = 1;
        Skip.If(NumaMemory.NodeOf((nuint)(&here)) is null,
            "this process may not ask where its pages are (move_pages(2))");
    }
}
