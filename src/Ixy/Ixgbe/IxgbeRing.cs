using System.Runtime.InteropServices;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy.Ixgbe;

/// <summary>
/// A receive or transmit ring: 16-byte descriptors for the card, the buffer of each for the driver, and the doorbell.
/// </summary>
internal readonly unsafe struct IxgbeRing<TDescriptor> : IDisposable where TDescriptor : unmanaged
{
    private readonly DmaMemory _memory;

    /// <summary>One less than the number of descriptors, a power of two: from a position to an index.</summary>
    internal readonly ulong Mask;

    internal readonly TDescriptor* Descriptors;

    /// <summary>Indexed by descriptor.</summary>
    internal readonly ulong* Buffers;

    internal readonly Doorbell Tail;

    /// <summary>Allocates it, and tells the card where it is: the first steps of 4.6.7 and 4.6.8.</summary>
    internal IxgbeRing(PciDevice device, PciBar bar, int size, uint low, uint high, uint length, uint tail)
    {
        _memory = DmaMemory.Allocate((nuint)(size * sizeof(TDescriptor)), device.NumaNode);
        Descriptors = (TDescriptor*)_memory.Address;
        Buffers = (ulong*)NativeMemory.AlignedAlloc((nuint)(size * sizeof(ulong)), 64);
        (Mask, Tail) = ((ulong)size - 1, new Doorbell(bar, tail));
        try { Announce(device, bar, low, high, length); } catch { Dispose(); throw; }
    }

    /// <summary>Tells the card where the ring is, also after a reset. Its contents are up to the caller.</summary>
    internal void Announce(PciDevice device, PciBar bar, uint low, uint high, uint length)
    {
        ulong address = _memory.DeviceAddress(device);
        bar.Write32(low, (uint)address);
        bar.Write32(high, (uint)(address >> 32));
        bar.Write32(length, (uint)((Mask + 1) * (ulong)sizeof(TDescriptor)));
    }

    /// <summary>The card must be quiesced.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Buffers);
        _memory.Dispose();
    }
}
