using System.Numerics;
using System.Runtime.InteropServices;

namespace Ixy.Vfio.Dma;

/// <summary>
/// Zeroed memory that every open device can reach by DMA, from the process's one <see cref="DmaArena"/>.
/// Disposing returns it; the owner must have stopped every device that still
/// uses it. Not thread-safe.
/// </summary>
public sealed unsafe class DmaMemory : IDisposable
{
    /// <summary>4 KiB: the least that is taken, and the least alignment.</summary>
    internal const nuint PageLength = 4096;

    private const nuint Longest = 1 << 30;

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

    /// <summary>Takes at least <paramref name="length"/> bytes (1 to 1 GiB) from the arena.</summary>
    /// <param name="length">Bytes; rounded up to whole 4 KiB.</param>
    /// <param name="alignment">A power of two from 4 KiB to 2 MiB.</param>
    /// <param name="numaNode">The node the memory should be on (<see cref="PciDevice.NumaNode"/>), if it has enough; null for any.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is 0 or above 1 GiB, or the alignment is another.</exception>
    /// <exception cref="DmaMemoryException">No memory, or the arena is full.</exception>
    /// <exception cref="HugePagesRequiredException">An open device needs huge pages and there are too few.</exception>
    public static DmaMemory Allocate(nuint length, nuint alignment = PageLength, int? numaNode = null)
    {
        if (!nuint.IsPow2(alignment) || alignment < PageLength || alignment > DmaArena.FrameLength)
            throw new ArgumentOutOfRangeException(nameof(alignment), $"{alignment}: expected a power of two from 4 KiB to 2 MiB");
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Longest);
        return DmaArena.Allocate(AddressSpace.RoundUp(length, PageLength), alignment, numaNode);
    }

    /// <summary>
    /// The same for memory that must be contiguous for every device, as a ring is: without an IOMMU neighbouring 2 MiB frames
    /// may lie far apart, so it does not reach across two.
    /// </summary>
    /// <param name="length">Bytes, up to 2 MiB; rounded up to whole 4 KiB.</param>
    /// <param name="numaNode">As above.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is 0 or above 2 MiB.</exception>
    /// <exception cref="DmaMemoryException">No memory, or the arena is full.</exception>
    /// <exception cref="HugePagesRequiredException">An open device needs huge pages and there are too few.</exception>
    public static DmaMemory AllocateContiguous(nuint length, int? numaNode = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, DmaArena.FrameLength);
        return Allocate(length, nuint.Max(PageLength, BitOperations.RoundUpToPowerOf2(length)), numaNode);
    }

    /// <summary>The address at which <paramref name="device"/> sees this memory's first byte.</summary>
    public ulong DeviceAddress(PciDevice device) => device.DeviceAddressIsVirtual
        ? Address
        : DmaArena.PhysicalFrames[(Address - DmaArena.Base) / DmaArena.FrameLength] + Address % DmaArena.FrameLength;

    /// <summary>Returns the memory to the arena. Does nothing the second time.</summary>
    public void Dispose()
    {
        if (_chunk is { } chunk) DmaArena.Free(chunk, Address);
        _chunk = null;
    }
}
