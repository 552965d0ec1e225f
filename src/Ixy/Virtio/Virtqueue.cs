using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy.Virtio;

/// <summary>
/// The memory of a queue: descriptors, the driver's notes to the device, and the device's to the driver (2.6). Both
/// layouts have these three areas. Here they are one block, as legacy devices require (2.7.2), with the device's area
/// on separate pages, so that no cache line is written from both sides.
/// </summary>
internal abstract unsafe class Virtqueue : IDisposable
{
    private const uint Alignment = 4096, DescriptorLength = 16;
    private readonly DmaMemory _memory;
    private readonly VirtioDoorbell _doorbell;

    protected Virtqueue(PciDevice device, VirtioDoorbell doorbell, ushort index, int size)
    {
        (Index, Size, _doorbell) = (index, size, doorbell);
        // The largest areas are those of a split ring: a word per descriptor and three more; two words per descriptor
        // and three more.
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

    /// <summary>The addresses of the three areas, for the device.</summary>
    internal ulong DescriptorArea { get; }

    internal ulong DriverArea { get; }

    internal ulong DeviceArea { get; }

    /// <summary>Their addresses in this process.</summary>
    protected byte* Descriptors { get; }

    protected byte* Driver { get; }

    protected byte* Device { get; }

    /// <summary>Notifies the device of new buffers: the queue's number, 16 bits (4.1.5.2).</summary>
    internal void Notify() => _doorbell.Ring(Index);

    /// <summary>Clears the memory for a new queue; the device must have been reset.</summary>
    internal virtual void Clear() => new Span<byte>(Descriptors, (int)_memory.Length).Clear();

    /// <summary>Frees the memory; the device must have been reset.</summary>
    public void Dispose() => _memory.Dispose();
}
