using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Dma;

/// <summary>On which NUMA node memory is (mbind(2), get_mempolicy(2)).</summary>
internal static unsafe class NumaMemory
{
    private const int MostNodes = 1024, BitsPerWord = 64;

    /// <summary>
    /// Fills mapped, untouched memory with pages of a node, as far as it has some. A preference, not a bond: huge pages
    /// are promised to a mapping without regard to nodes, so a thread that touches a page which its node does not have
    /// would be killed (SIGBUS). And a card with far memory is slow, one without any does not work.
    /// </summary>
    internal static void Populate(nuint address, nuint length, int node)
    {
        ulong* mask = stackalloc ulong[MostNodes / BitsPerWord];
        new Span<ulong>(mask, MostNodes / BitsPerWord).Clear();
        if ((uint)node < MostNodes) mask[node / BitsPerWord] = 1UL << (node % BitsPerWord);
        // A node without memory is refused; where the pages are is looked at later.
        _ = Libc.mbind(address, length, Libc.MPOL_PREFERRED, mask, MostNodes);
        // Kernels before 5.14 do not know this; there pages come with the first touch.
        _ = Libc.madvise((nint)address, length, Libc.MADV_POPULATE_WRITE);
    }

    /// <summary>The node of the page at an address; null if there is none yet, or the kernel knows no nodes.</summary>
    internal static int? NodeOf(nuint address)
    {
        void* page = (void*)address;
        int status = -1;
        return Libc.move_pages(0, 1, &page, null, &status, 0) == 0 && status >= 0 ? status : null;
    }
}
