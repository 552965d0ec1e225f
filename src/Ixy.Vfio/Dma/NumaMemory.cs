using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Dma;

/// <summary>Which NUMA node memory is on (mbind(2), get_mempolicy(2)).</summary>
internal static unsafe class NumaMemory
{
    private const int MostNodes = 1024, BitsPerWord = 64;

    /// <summary>
    /// Populates mapped, untouched memory with pages of a node, as far as it has any. Only a preference: huge pages are
    /// reserved for a mapping regardless of nodes, so a strict binding would kill a thread that touches a page its node
    /// does not have (SIGBUS). A card with remote memory is slow; one without memory does not work at all.
    /// </summary>
    internal static void Populate(nuint address, nuint length, int node)
    {
        ulong* mask = stackalloc ulong[MostNodes / BitsPerWord];
        new Span<ulong>(mask, MostNodes / BitsPerWord).Clear();
        if ((uint)node < MostNodes) mask[node / BitsPerWord] = 1UL << (node % BitsPerWord);
        // A node without memory is refused; where the pages ended up is checked later.
        _ = Libc.mbind(address, length, Libc.MPOL_PREFERRED, mask, MostNodes);
        // Kernels before 5.14 lack this; there, pages are allocated on first touch.
        _ = Libc.madvise((nint)address, length, Libc.MADV_POPULATE_WRITE);
    }

    /// <summary>
    /// The node of the page at an address; null if there is no page yet, or the kernel has no NUMA support.
    /// </summary>
    internal static int? NodeOf(nuint address)
    {
        void* page = (void*)address;
        int status = -1;
        return Libc.move_pages(0, 1, &page, null, &status, 0) == 0 && status >= 0 ? status : null;
    }
}
