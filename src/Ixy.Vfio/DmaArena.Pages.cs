using Ixy.Vfio.Dma;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

// Which pages are used if there are no 2 MiB ones, and what is reported about second-best ones.
public static unsafe partial class DmaArena
{
    /// <summary>1 GiB: the larger huge page, for machines where only those are reserved.</summary>
    internal const nuint LongPage = 1 << 30;

    /// <summary>
    /// Why normal pages are used instead of huge pages, or pages of a different NUMA node; null if neither is the case.
    /// </summary>
    public static string? Note { get; private set; }

    /// <summary>Adds to <see cref="Note"/>.</summary>
    internal static void NoteFault(string fault) => Note = Note is null ? fault : $"{Note}; {fault}";

    private static DmaChunk MapOtherPages(nuint length, int? numaNode)
    {
        string reason = Libc.LastError();
        if (DmaChunk.TryMap(s_addresses, AddressSpace.RoundUp(length, LongPage), LongPage, numaNode) is { } longChunk)
            return longChunk;
        string cure = $"reserve them with 'echo {length / FrameLength + 64} | sudo tee /proc/sys/vm/nr_hugepages'";
        Note = $"no free 2 MiB huge pages ({reason}): normal pages are used; for speed, {cure}";
        return DmaChunk.TryMap(s_addresses, length, DmaMemory.PageLength, numaNode)
            ?? throw new DmaMemoryException($"no memory for {length >> 20} MiB of DMA memory: {Libc.LastError()}");
    }
}
