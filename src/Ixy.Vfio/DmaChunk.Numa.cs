using Ixy.Vfio.Dma;

namespace Ixy.Vfio;

public sealed unsafe partial class DmaChunk
{
    private void FillFrom(int node)
    {
        NumaMemory.Populate(Address, Length, node);
        if (FindNodeFault(node) is { } fault) DmaArena.NoteFault(fault);
    }

    // What is wrong with the node of its pages, and how to fix it; null if nothing is.
    private string? FindNodeFault(int node)
    {
        int astray = 0, pages = (int)(Length / PageLength);
        for (int page = 0; page < pages; page++)
        {
            if (NumaMemory.NodeOf(Address + (nuint)page * PageLength) is { } found && found != node) astray++;
        }
        if (astray == 0) return null;
        string directory = $"/sys/devices/system/node/node{node}/hugepages/hugepages-{PageLength >> 10}kB";
        string cure = IsHuge ? $": reserve some there with 'echo {pages} | sudo tee {directory}/nr_hugepages'" : "";
        return $"{(nuint)astray * PageLength >> 10} KiB of DMA memory are not on NUMA node {node}, that of the card, "
            + $"which has no more{cure}";
    }
}
