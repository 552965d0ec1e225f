using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy.Virtio;

/// <summary>
/// The memory of a queue: descriptors, what the driver tells the device beside them, and what the device tells the
/// driver
/// (2.6). Both layouts have these three areas, here in one piece as legacy devices want it (2.7.2): the device's on
/// pages of its own, so that no cache line is written from both sides.
/// </summary>
internal abstract unsafe class Virtqueue : IDisposable
{
    private const uint Alignment = 4096, DescriptorLength = 16;
    private readonly DmaMemory _memory;
    private readonly VirtioDoorbell _doorbell;

    protected Virtqueue(PciDevice device, VirtioDoorbell doorbell, ushort index, int size)
    {
        (Index, Size, _doorbell) = (index, size, doorbell);
        // The longest areas there are, those of a split ring: a word for each descriptor and three more; two for each
        // and the same.
        uint driver = (uint)size * DescriptorLength;
        uint offset = (driver + 2 * (uint)size + 6 + Alignment - 1) & ~(Alignment - 1);
        uint length = offset + 8 * (uint)size + 6;
        _memory = DmaMemory.Allocate(length, device.NumaNode);
        DescriptorArea = _memory.DeviceAddress(device);
        (DriverArea, DeviceArea) = (DescriptorArea + driver, DescriptorArea + offset);
        Descriptors = (byte*)_memory.Address;
        Driver = Descriptors + driver;
        Device = Descriptors + offset;
    }

    /// <summary>The queue's number on the device (5.1.2).</summary>
    internal ushort Index { get; }

    /// <summary>Descriptors, a power of two.</summary>
    internal int Size { get; }

    /// <summary>Where the device finds the three areas.</summary>
    internal ulong DescriptorArea { get; }

    internal ulong DriverArea { get; }

    internal ulong DeviceArea { get; }

    /// <summary>Where this process does.</summary>
    protected byte* Descriptors { get; }

    protected byte* Driver { get; }

    protected byte* Device { get; }

    /// <summary>Tells the device that it has new buffers: the queue's number, 16 bits (4.1.5.2).</summary>
    internal void Notify() => _doorbell.Ring(Index);

    /// <summary>Makes the memory that of a new queue; the device must have been reset.</summary>
    internal virtual void Clear() => new Span<byte>(Descriptors, (int)_memory.Length).Clear();

    /// <summary>Returns the memory; the device must have been reset.</summary>
    public void Dispose() => _memory.Dispose();
}
