using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Vfio.Dma;

namespace Ixy.Vfio;

/// <summary>
/// All DMA memory of the process: one range of virtual addresses, low enough (below 2^38) for every IOMMU and far from
/// where the kernel places mappings by itself (mmap(2): from the top down), filled chunk by chunk with huge pages (or
/// normal ones if an IOMMU or a simulated card makes that safe). An attached device sees every chunk, including future
/// ones, so a buffer received on one device can be sent on any other. Thread-safe.
/// </summary>
public static unsafe partial class DmaArena
{
    /// <summary>2 MiB: the size of a huge page, and the granularity of chunks.</summary>
    public const nuint FrameLength = 2 << 20;

    private static readonly Lock s_lock = new();
    private static readonly List<DmaChunk> s_chunks = [];
    private static readonly HashSet<PciDevice> s_devices = [];
    private static readonly AddressSpace s_addresses = new(Base, Capacity);

    /// <summary>First address of the arena.</summary>
    public static nuint Base => unchecked((nuint)0x20_0000_0000);

    /// <summary>Length of its address range: 64 GiB.</summary>
    public static nuint Capacity => unchecked((nuint)0x10_0000_0000);

    /// <summary>
    /// Physical address of each 2 MiB frame, indexed by (address - <see cref="Base"/>) / <see cref="FrameLength"/>.
    /// Valid for the frames in use while a device without an IOMMU is attached.
    /// </summary>
    public static ulong* PhysicalFrames { get; } =
        (ulong*)NativeMemory.AllocZeroed(Capacity / FrameLength, sizeof(ulong));

    /// <summary>
    /// The address a device without an IOMMU uses for a byte of the arena: see <see cref="PhysicalFrames"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong PhysicalAddress(nuint address)
    {
        nuint offset = address - Base;
        return PhysicalFrames[offset / FrameLength] + offset % FrameLength;
    }

    /// <summary>
    /// Lets a device see all DMA memory, present and future, until it is disposed. Does nothing the second time. After
    /// an exception the device sees part of it, likewise until it is disposed.
    /// </summary>
    /// <exception cref="HugePagesRequiredException">The device has no IOMMU, and normal pages are in use.</exception>
    /// <exception cref="DmaMemoryException">A chunk could not be mapped for the device.</exception>
    public static void Attach(PciDevice device)
    {
        lock (s_lock)
        {
            // Registered last: if a chunk cannot be mapped, later chunks do not try this device.
            foreach (var chunk in s_chunks) chunk.MapFor(device);
            s_devices.Add(device);
        }
    }

    /// <summary>
    /// Takes all DMA memory away from a device; does nothing if it is not attached. Every chunk is tried.
    /// </summary>
    /// <exception cref="PciDeviceException">A chunk could not be unmapped: the first one's error.</exception>
    internal static void Detach(PciDevice device)
    {
        lock (s_lock)
        {
            s_devices.Remove(device);
            device.InTurn([.. s_chunks.Select(chunk => (Action)(() => chunk.UnmapFor(device)))]);
        }
    }

    /// <summary>Takes memory from the first chunk with enough contiguous space, or from a new one.</summary>
    internal static DmaMemory Allocate(nuint length, nuint alignment, int? numaNode)
    {
        lock (s_lock)
        {
            foreach (var chunk in s_chunks.Where(chunk => chunk.NumaNode == numaNode && chunk.IsSeenBy(s_devices)))
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

    private static DmaChunk AddChunk(nuint length, int? numaNode)
    {
        var chunk = DmaChunk.TryMap(s_addresses, length, FrameLength, numaNode) ?? MapOtherPages(length, numaNode);
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

    private static void Remove(DmaChunk chunk)
    {
        // A chunk that a device does not release stays, empty, until nobody is left who no longer sees it.
        chunk.Unmap(s_addresses);
        s_chunks.Remove(chunk);
    }
}
