using System.Runtime.InteropServices;

namespace Ixy.Vfio;

/// <summary>
/// Zeroed memory that every open device can reach by DMA, from the process's one <see cref="DmaArena"/>.
/// It starts on a 4 KiB boundary. Disposing returns it; the owner must have stopped every device that still
/// uses it. Not thread-safe.
/// </summary>
public sealed unsafe class DmaMemory : IDisposable
{
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
    /// <exception cref="ArgumentOutOfRangeException">The length is 0 or above 1 GiB.</exception>
    /// <exception cref="DmaMemoryException">No memory, or the arena is full.</exception>
    /// <exception cref="HugePagesRequiredException">An open device needs huge pages and there are too few.</exception>
    public static DmaMemory Allocate(nuint length) => DmaArena.Allocate(length);

    /// <summary>The address at which <paramref name="device"/> sees this memory's first byte.</summary>
    public ulong DeviceAddress(PciDevice device) => DmaArena.DeviceAddress(device, Address);

    /// <summary>Returns the memory to the arena. Does nothing the second time.</summary>
    public void Dispose()
    {
        var chunk = _chunk;
        _chunk = null;
        if (chunk is not null) DmaArena.Free(chunk, Address, Length);
    }
}
