using Ixy.Vfio.Dma;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

// Which pages are taken where there are no 2 MiB ones, and what is noted of those that are not the best.
public static unsafe partial class DmaArena
{
    /// <summary>1 GiB: the longer huge page, for machines where only such are reserved.</summary>
    internal const nuint LongPage = 1 << 30;

    /// <summary>
    /// Why normal pages are in use instead of huge pages, or pages of another NUMA node than the wanted one; null if
    /// neither is so.
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
