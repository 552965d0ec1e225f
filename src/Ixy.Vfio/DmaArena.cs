using System.Runtime.InteropServices;
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

    private static readonly Lock s_lock = new();
    private static readonly List<DmaChunk> s_chunks = [];
    private static readonly List<PciDevice> s_devices = [];
    private static AddressSpace? s_addresses;

    /// <summary>First address of the arena.</summary>
    public static nuint Base => unchecked((nuint)0x20_0000_0000);

    /// <summary>Length of the reserved address range: 64 GiB.</summary>
    public static nuint Capacity => unchecked((nuint)0x10_0000_0000);

    /// <summary>
    /// Physical address of each 2 MiB frame, indexed by (address - <see cref="Base"/>) / <see cref="FrameLength"/>.
    /// Valid for the frames in use while a device without an IOMMU is attached.
    /// </summary>
    public static ulong* PhysicalFrames { get; } = (ulong*)NativeMemory.AllocZeroed(Capacity / FrameLength, sizeof(ulong));

    /// <summary>Lets a device see all DMA memory, present and future, until it is disposed.</summary>
    /// <exception cref="HugePagesRequiredException">The device has no IOMMU, and normal pages are in use.</exception>
    /// <exception cref="DmaMemoryException">A chunk could not be mapped for the device.</exception>
    public static void Attach(PciDevice device)
    {
        lock (s_lock)
        {
            if (s_devices.Contains(device)) return;
            s_devices.Add(device);
            try
            {
                foreach (var chunk in s_chunks) chunk.MapFor(device);
            }
            catch
            {
                Detach(device);
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
            foreach (var chunk in s_chunks) chunk.UnmapFor(device);
        }
    }

    /// <summary>Takes memory from the first chunk that has so much in one piece, or from a new one.</summary>
    internal static DmaMemory Allocate(nuint length, nuint alignment, int? numaNode)
    {
        lock (s_lock)
        {
            foreach (var chunk in s_chunks.Where(chunk => chunk.NumaNode == numaNode))
            {
                if (chunk.TryAllocate(length, alignment) is { } memory) return memory;
            }
            return AddChunk(AddressSpace.RoundUp(length, FrameLength), numaNode).TryAllocate(length, alignment)!;
        }
    }

    /// <summary>Gives memory back to its chunk; an empty chunk goes back to the system.</summary>
    internal static void Free(DmaChunk chunk, nuint address)
    {
        lock (s_lock)
        {
            if (chunk.Free(address)) Remove(chunk);
        }
    }

    /// <summary>Maps addresses to nothing, so that nobody else gets them.</summary>
    internal static void Reserve(nuint address, nuint length, int how)
    {
        int flags = Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE | how;
        if (Libc.mmap((nint)address, length, Libc.PROT_NONE, flags, -1, 0) != (nint)address) throw DmaErrors.NotFree(address, length);
    }

    private static DmaChunk AddChunk(nuint length, int? numaNode)
    {
        if (s_addresses is null) Reserve(Base, Capacity, Libc.MAP_FIXED_NOREPLACE);
        s_addresses ??= new(Base, Capacity);
        var chunk = TryMap(length, FrameLength, numaNode) ?? MapOtherPages(length, numaNode);
        if (numaNode is not null) NoteNodeFault(chunk);
        s_chunks.Add(chunk);
        try
        {
            foreach (var device in s_devices) chunk.MapFor(device);
            return chunk;
        }
        catch
        {
            Remove(chunk);
            throw;
        }
    }

    // Null if the system has not enough free pages of that length.
    private static DmaChunk? TryMap(nuint length, nuint pageLength, int? numaNode)
    {
        nuint address = s_addresses!.Take(length, nuint.Max(pageLength, FrameLength)) ?? throw DmaErrors.NoRoom(length);
        var chunk = DmaChunk.TryMap(address, length, pageLength, numaNode);
        if (chunk is null) s_addresses.Return(address);
        return chunk;
    }

    private static void Remove(DmaChunk chunk)
    {
        foreach (var device in s_devices) chunk.UnmapFor(device);
        s_chunks.Remove(chunk);
        chunk.Unmap();
        s_addresses!.Return(chunk.Address);
    }
}
