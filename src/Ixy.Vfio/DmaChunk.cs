using System.Runtime.InteropServices;
using Ixy.Vfio.Dma;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// A contiguous piece of the DMA arena, backed by one memory file: what is mapped for a device at once.
/// Its length is a multiple of 2 MiB; its address is the same for this process and for a device behind an IOMMU.
/// </summary>
public sealed unsafe partial class DmaChunk
{
    private readonly List<(nuint Start, nuint Length)> _free;

    private DmaChunk(nuint address, nuint length, int fd, nuint pageLength, int? numaNode)
    {
        (Address, Length, FileDescriptor, PageLength, NumaNode) = (address, length, fd, pageLength, numaNode);
        _free = [(address, length)];
    }

    /// <summary>First byte, as this process sees it; 2 MiB aligned.</summary>
    public nuint Address { get; }

    /// <summary>Length in bytes, a multiple of 2 MiB.</summary>
    public nuint Length { get; }

    /// <summary>The memory file (memfd) behind it, to be shared with another process. Owned by the arena.</summary>
    public int FileDescriptor { get; }

    /// <summary>Length of the pages behind it, each physically contiguous: 4 KiB, 2 MiB or 1 GiB.</summary>
    public nuint PageLength { get; }

    /// <summary>Backed by huge pages, so that every 2 MiB of it are physically contiguous.</summary>
    public bool IsHuge => PageLength >= DmaArena.FrameLength;

    /// <summary>The NUMA node it was wanted on; null if any would do.</summary>
    public int? NumaNode { get; }

    internal bool IsUnused => _free.Count == 1 && _free[0].Length == Length;

    /// <summary>
    /// Maps a new chunk at a fixed address; null if the system has no pages of that length. Address and length are
    /// multiples of it.
    /// </summary>
    internal static DmaChunk? TryMap(nuint address, nuint length, nuint pageLength, int? numaNode)
    {
        uint kind = pageLength switch
        {
            DmaArena.LongPage => Libc.MFD_HUGETLB | Libc.MFD_HUGE_1GB,
            DmaArena.FrameLength => Libc.MFD_HUGETLB | Libc.MFD_HUGE_2MB,
            _ => 0,
        };
        int fd = Libc.memfd_create("ixy-dma", Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING | kind);
        if (fd < 0) return null;
        // On a certain node, pages come after the kernel has been told which.
        int flags = Libc.MAP_SHARED | Libc.MAP_FIXED | (numaNode is null ? Libc.MAP_POPULATE : 0);
        // Sealed, so that another process can map it without fear of its end moving (vfio-user).
        if (Libc.ftruncate(fd, (long)length) == 0
            && Libc.fcntl(fd, Libc.F_ADD_SEALS, Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL) == 0
            && Libc.mmap((nint)address, length, Libc.PROT_READ | Libc.PROT_WRITE, flags, fd, 0) != Libc.MapFailed)
        {
            if (numaNode is { } node) NumaMemory.Populate(address, length, node);
            return new(address, length, fd, pageLength, numaNode);
        }
        int error = Marshal.GetLastPInvokeError();
        _ = Libc.close(fd);
        Marshal.SetLastPInvokeError(error);
        return null;
    }

    /// <summary>Gives the memory back; the addresses stay reserved for the arena.</summary>
    internal void Unmap()
    {
        DmaArena.ReserveAddresses(Address, Length, Libc.MAP_FIXED);
        _ = Libc.close(FileDescriptor);
    }

    /// <summary>First fit; zero if no free range is long enough.</summary>
    internal nuint Take(nuint length, nuint alignment)
    {
        for (int i = 0; i < _free.Count; i++)
        {
            var (start, available) = _free[i];
            nuint aligned = (start + alignment - 1) / alignment * alignment;
            nuint before = aligned - start;
            if (available < before + length) continue;
            _free.RemoveAt(i);
            if (available > before + length) _free.Insert(i, (aligned + length, available - before - length));
            if (before > 0) _free.Insert(i, (start, before));
            return aligned;
        }
        return 0;
    }

    /// <summary>Returns a range and joins it with its free neighbours.</summary>
    internal void Return(nuint start, nuint length)
    {
        int i = 0;
        while (i < _free.Count && _free[i].Start < start) i++;
        _free.Insert(i, (start, length));
        if (i + 1 < _free.Count && start + length == _free[i + 1].Start) Join(i);
        if (i > 0 && _free[i - 1].Start + _free[i - 1].Length == start) Join(i - 1);
    }

    private void Join(int i)
    {
        _free[i] = (_free[i].Start, _free[i].Length + _free[i + 1].Length);
        _free.RemoveAt(i + 1);
    }
}
