using Ixy.Vfio.Interop;
using Microsoft.Win32.SafeHandles;

namespace Ixy.Vfio.Dma;

/// <summary>Physical addresses of this process's memory (kernel documentation, admin-guide/mm/pagemap).</summary>
internal static unsafe class PageMap
{
    private const ulong Present = 1UL << 63, FrameNumber = (1UL << 55) - 1;

    /// <summary>Records the physical address of each 2 MiB frame of a chunk, for a device without an IOMMU.</summary>
    /// <exception cref="HugePagesRequiredException">Its pages are smaller, and so may be anywhere.</exception>
    /// <exception cref="PrivilegeException">The kernel shows frame numbers only with CAP_SYS_ADMIN.</exception>
    internal static void FindFrames(DmaChunk chunk, PciDevice device)
    {
        if (!chunk.IsHuge) throw DmaErrors.NotHuge(chunk, device);
        using var file = Open();
        for (nuint frame = chunk.Address; frame < chunk.Address + chunk.Length; frame += DmaArena.FrameLength)
            DmaArena.PhysicalFrames[(frame - DmaArena.Base) / DmaArena.FrameLength] = PhysicalAddress(file, frame);
    }

    internal static SafeFileHandle Open() => KernelFile.Open("/proc/self/pagemap", FileAccess.Read);

    /// <summary>The physical address of a virtual address whose page is present.</summary>
    internal static ulong PhysicalAddress(SafeFileHandle file, nuint address)
    {
        ulong entry = 0;
        long offset = (long)(address / DmaMemory.PageLength * sizeof(ulong));
        RandomAccess.Read(file, new Span<byte>(&entry, sizeof(ulong)), offset);
        ulong frame = entry & FrameNumber;
        if ((entry & Present) == 0 || frame == 0) throw DmaErrors.NoFrame(address, isPresent: (entry & Present) != 0);
        return frame * DmaMemory.PageLength + address % DmaMemory.PageLength;
    }
}
