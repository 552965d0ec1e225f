using Ixy.Vfio.Dma;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// All DMA memory of the process: one range of virtual addresses, low enough (below 2^38) for every IOMMU, filled
/// chunk by chunk with huge pages (or normal ones where an IOMMU or a simulated card makes that safe).
/// A device that is attached sees every chunk, those to come too, so a buffer received on one device can be sent on
/// any other. Thread-safe.
/// </summary>
public static unsafe partial class DmaArena
{
    /// <summary>2 MiB: the huge page, and the granularity of chunks.</summary>
    public const nuint FrameLength = 2 << 20;

    /// <summary>First address of the arena.</summary>
    public static readonly nuint Base = unchecked((nuint)0x20_0000_0000);

    /// <summary>Length of the reserved address range: 64 GiB.</summary>
    public static readonly nuint Capacity = unchecked((nuint)0x10_0000_0000);

    private const nuint PageLength = 4096, LongestAllocation = 1 << 30;

    private static readonly Lock s_lock = new();
    private static readonly List<DmaChunk> s_chunks = [];
    private static readonly List<PciDevice> s_devices = [];
    private static nint s_physicalFrames;
    private static bool s_reserved;

    /// <summary>
    /// Physical address of each 2 MiB frame, indexed by (address - <see cref="Base"/>) / <see cref="FrameLength"/>.
    /// Valid for the frames in use while a device without an IOMMU is attached.
    /// </summary>
    public static ulong* PhysicalFrames => (ulong*)s_physicalFrames;

    /// <summary>Lets a device see all DMA memory, present and future, until it is disposed.</summary>
    /// <exception cref="HugePagesRequiredException">The device has no IOMMU, and normal pages are in use.</exception>
    /// <exception cref="DmaMemoryException">A chunk could not be mapped for the device.</exception>
    public static void Attach(PciDevice device)
    {
        lock (s_lock)
        {
            if (s_devices.Contains(device)) return;
            s_devices.Add(device);
            int mapped = 0;
            try
            {
                for (; mapped < s_chunks.Count; mapped++) MapFor(device, s_chunks[mapped]);
            }
            catch
            {
                while (mapped-- > 0) device.UnmapDma(s_chunks[mapped]);
                s_devices.Remove(device);
                throw;
            }
        }
    }

    /// <summary>Takes all DMA memory away from a device; nothing happens if it is not attached.</summary>
    internal static void Detach(PciDevice device)
    {
        lock (s_lock)
        {
            if (!s_devices.Remove(device)) return;
            foreach (var chunk in s_chunks) device.UnmapDma(chunk);
        }
    }

    internal static DmaMemory Allocate(nuint length, nuint alignment, int? numaNode)
    {
        if (!nuint.IsPow2(alignment) || alignment < PageLength || alignment > FrameLength)
            throw new ArgumentOutOfRangeException(nameof(alignment), $"{alignment}: expected a power of two from 4 KiB to 2 MiB");
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, LongestAllocation);
        length = RoundUp(length, PageLength);
        lock (s_lock)
        {
            foreach (var chunk in s_chunks)
            {
                nuint address = chunk.NumaNode == numaNode ? chunk.Take(length, alignment) : 0;
                if (address != 0) return new(chunk, address, length);
            }
            var added = AddChunk(RoundUp(length, FrameLength), numaNode);
            return new(added, added.Take(length, alignment), length);
        }
    }

    internal static void Free(DmaChunk chunk, nuint address, nuint length)
    {
        lock (s_lock)
        {
            chunk.Return(address, length);
            if (!chunk.IsUnused) return;
            foreach (var device in s_devices) device.UnmapDma(chunk);
            s_chunks.Remove(chunk);
            chunk.Unmap();
        }
    }

    internal static ulong DeviceAddress(PciDevice device, nuint address) => device.DeviceAddressIsVirtual
        ? address
        : PhysicalFrames[(address - Base) / FrameLength] + address % FrameLength;

    internal static void ReserveAddresses(nuint address, nuint length, int how)
    {
        int flags = Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE | how;
        nint mapped = Libc.mmap((nint)address, length, Libc.PROT_NONE, flags, -1, 0);
        if (mapped != (nint)address)
            throw new DmaMemoryException(
                $"the addresses 0x{address:x} to 0x{address + length:x} of the DMA arena are not free: {Libc.LastError()}");
    }

    private static DmaChunk AddChunk(nuint length, int? numaNode)
    {
        if (!s_reserved) ReserveAddresses(Base, Capacity, Libc.MAP_FIXED_NOREPLACE);
        s_reserved = true;
        var chunk = MapChunk(length, numaNode);
        s_chunks.Add(chunk);
        int mapped = 0;
        try
        {
            for (; mapped < s_devices.Count; mapped++) MapFor(s_devices[mapped], chunk);
        }
        catch
        {
            while (mapped-- > 0) s_devices[mapped].UnmapDma(chunk);
            s_chunks.Remove(chunk);
            chunk.Unmap();
            throw;
        }
        return chunk;
    }

    private static DmaChunk MapChunk(nuint length, int? numaNode)
    {
        var chunk = DmaChunk.TryMap(FindGap(length, FrameLength), length, FrameLength, numaNode)
            ?? MapOtherPages(length, numaNode, Libc.LastError());
        if (numaNode is not null) NoteNodeFault(chunk);
        return chunk;
    }

    private static void MapFor(PciDevice device, DmaChunk chunk)
    {
        if (!device.DeviceAddressIsVirtual) FillPhysicalFrames(device, chunk);
        device.MapDma(chunk);
    }

    private static void FillPhysicalFrames(PciDevice device, DmaChunk chunk)
    {
        if (!chunk.IsHuge)
            throw new HugePagesRequiredException(
                $"{device.Name} has no IOMMU, so its DMA memory must be 2 MiB huge pages, and {chunk.Length >> 20} MiB of it " +
                "is not: reserve some with 'echo 256 | sudo tee /proc/sys/vm/nr_hugepages' and start again");
        if (s_physicalFrames == 0) s_physicalFrames = AllocateFrameTable();
        for (nuint address = chunk.Address; address < chunk.Address + chunk.Length; address += FrameLength)
            PhysicalFrames[(address - Base) / FrameLength] = PageMap.PhysicalAddress(address);
    }

    private static nint AllocateFrameTable()
    {
        nuint length = Capacity / FrameLength * sizeof(ulong);
        int flags = Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE;
        nint table = Libc.mmap(0, length, Libc.PROT_READ | Libc.PROT_WRITE, flags, -1, 0);
        return table != Libc.MapFailed ? table : throw new DmaMemoryException($"no memory: {Libc.LastError()}");
    }

    private static nuint FindGap(nuint length, nuint alignment)
    {
        nuint address = Base;
        foreach (var chunk in s_chunks.OrderBy(chunk => chunk.Address))
        {
            if (chunk.Address > address && chunk.Address - address >= length) break;
            address = RoundUp(chunk.Address + chunk.Length, alignment);
        }
        if (address + length > Base + Capacity)
            throw new DmaMemoryException(
                $"the DMA arena ({Capacity >> 30} GiB of addresses) has no room for {length >> 20} MiB more: dispose unused pools");
        return address;
    }

    private static nuint RoundUp(nuint value, nuint multiple) => (value + multiple - 1) / multiple * multiple;
}
