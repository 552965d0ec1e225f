using System.Numerics;
using Ixy.Vfio.Dma;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// A contiguous piece of the DMA arena, backed by one memory file: the unit of mapping for a device. Its length is a
/// multiple of 2 MiB; its address is the same for this process and for a device behind an IOMMU.
/// </summary>
public sealed unsafe partial class DmaChunk
{
    private readonly HashSet<PciDevice> _devices = [];
    private readonly AddressSpace _pieces;

    private DmaChunk(nuint address, nuint length, int fd, nuint pageLength, int? numaNode)
    {
        (Address, Length, FileDescriptor, PageLength, NumaNode) = (address, length, fd, pageLength, numaNode);
        _pieces = new(address, length);
    }

    /// <summary>First byte, as seen by this process; 2 MiB aligned.</summary>
    public nuint Address { get; }

    /// <summary>Length in bytes, a multiple of 2 MiB.</summary>
    public nuint Length { get; }

    /// <summary>The memory file (memfd) that backs it, to be shared with another process. Owned by the arena.</summary>
    public int FileDescriptor { get; }

    /// <summary>Length of its pages, each physically contiguous: 4 KiB, 2 MiB or 1 GiB.</summary>
    public nuint PageLength { get; }

    /// <summary>Backed by huge pages, so every 2 MiB of it are physically contiguous.</summary>
    public bool IsHuge => PageLength >= DmaArena.FrameLength;

    /// <summary>The requested NUMA node; null if any would do.</summary>
    public int? NumaNode { get; }

    /// <summary>Maps a new chunk; null if the system does not have enough free pages of that length.</summary>
    /// <exception cref="DmaMemoryException">There is no room for it in the address range.</exception>
    internal static DmaChunk? TryMap(AddressSpace addresses, nuint length, nuint pageLength, int? numaNode)
    {
        nuint address = addresses.Take(length, nuint.Max(pageLength, DmaArena.FrameLength))
            ?? throw DmaErrors.NoRoom(length);
        // The size of huge pages is given by its logarithm (memfd_create(2)).
        uint kind = pageLength < DmaArena.FrameLength ? 0
            : Libc.MFD_HUGETLB | (uint)BitOperations.Log2(pageLength) << Libc.MFD_HUGE_SHIFT;
        int fd = Libc.memfd_create("ixy-dma", Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING | kind);
        // For a certain node, pages are allocated after the kernel has been told which.
        int flags = Libc.MAP_SHARED | Libc.MAP_FIXED_NOREPLACE | (numaNode is null ? Libc.MAP_POPULATE : 0);
        if (fd >= 0 && Libc.ftruncate(fd, (long)length) == 0
            && Libc.mmap((nint)address, length, Libc.PROT_READ | Libc.PROT_WRITE, flags, fd, 0) == (nint)address)
        {
            var chunk = new DmaChunk(address, length, fd, pageLength, numaNode);
            if (numaNode is { } node) chunk.FillFrom(node);
            return chunk;
        }
        _ = Libc.close(fd);
        addresses.Return(address);
        return null;
    }

    /// <summary>Takes it away from every device that has it, and releases the memory and its addresses.</summary>
    /// <exception cref="PciDeviceException">
    /// A device did not release it, so it still has its memory: the first one's error. All were tried.
    /// </exception>
    internal void Unmap(AddressSpace addresses)
    {
        PciDevice.RunEach([.. _devices.Select(device => (Action)(() => UnmapFor(device)))], isHarmless: _ => false);
        _ = Libc.munmap((nint)Address, Length);
        _ = Libc.close(FileDescriptor);
        addresses.Return(Address);
    }

    /// <summary>Whether all of them see it.</summary>
    internal bool IsSeenBy(HashSet<PciDevice> devices) => devices.IsSubsetOf(_devices);

    /// <summary>Makes it visible to a device; does nothing for one that has it.</summary>
    internal void MapFor(PciDevice device)
    {
        if (_devices.Contains(device)) return;
        if (!device.DeviceAddressIsVirtual) PageMap.FindFrames(this, device);
        device.MapDma(this);
        _devices.Add(device);
    }

    /// <summary>Takes it away; does nothing for a device that does not have it.</summary>
    internal void UnmapFor(PciDevice device)
    {
        if (_devices.Remove(device)) device.UnmapDma(this);
    }

    /// <summary>Null if there is not that much in one piece.</summary>
    internal DmaMemory? TryAllocate(nuint length, nuint alignment) =>
        _pieces.Take(length, alignment) is { } address ? new(this, address, length) : null;

    /// <summary>Whether it is now empty.</summary>
    internal bool Free(nuint address)
    {
        _pieces.Return(address);
        return _pieces.IsEmpty;
    }
}
