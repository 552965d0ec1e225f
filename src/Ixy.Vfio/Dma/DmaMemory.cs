using System.Numerics;
using System.Runtime.InteropServices;

namespace Ixy.Vfio.Dma;

/// <summary>
/// Zeroed memory that every open device can access by DMA, from the process's one <see cref="DmaArena"/>. Disposing
/// returns it; the owner must first have stopped every device that uses it. Not thread-safe.
/// </summary>
public sealed unsafe class DmaMemory : IDisposable
{
    internal const nuint PageLength = 4096, Longest = 1 << 30;

    private DmaChunk? _chunk;

    internal DmaMemory(DmaChunk chunk, nuint address, nuint length)
    {
        (_chunk, Address, Length) = (chunk, address, length);
        NativeMemory.Clear((void*)address, length);
    }

    /// <summary>First byte, in this process.</summary>
    public nuint Address { get; }

    /// <summary>Length in bytes, rounded up to whole 4 KiB.</summary>
    public nuint Length { get; }

    /// <summary>
    /// Allocates at least <paramref name="length"/> bytes (1 to 1 GiB) from the arena. Up to 2 MiB are contiguous for
    /// every device, as a ring must be; longer memory begins at a multiple of 2 MiB, and without an IOMMU neighbouring
    /// frames of that length may be far apart.
    /// </summary>
    /// <param name="length">Bytes; rounded up to whole 4 KiB.</param>
    /// <param name="numaNode">The node the memory should be on (<see cref="PciDevice.NumaNode"/>), if it has enough;
    /// null for any.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is 0 or above 1 GiB.</exception>
    /// <exception cref="DmaMemoryException">No memory, or the arena is full.</exception>
    /// <exception cref="HugePagesRequiredException">An open device needs huge pages and there are too few.</exception>
    public static DmaMemory Allocate(nuint length, int? numaNode = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Longest);
        length = AddressSpace.RoundUp(length, PageLength);
        // Aligned to its own length, it never crosses two frames.
        return DmaArena.Allocate(
            length, nuint.Min(BitOperations.RoundUpToPowerOf2(length), DmaArena.FrameLength), numaNode);
    }

    /// <summary>The address at which <paramref name="device"/> sees this memory's first byte.</summary>
    public ulong DeviceAddress(PciDevice device) =>
        device.DeviceAddressIsVirtual ? Address : DmaArena.PhysicalAddress(Address);

    /// <summary>Returns the memory to the arena. Does nothing the second time.</summary>
    public void Dispose()
    {
        // Also if this throws: by the second time, someone else may have this memory.
        if (Interlocked.Exchange(ref _chunk, null) is { } chunk) DmaArena.Free(chunk, Address);
    }
}
