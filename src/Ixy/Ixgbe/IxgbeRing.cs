using System.Runtime.InteropServices;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy.Ixgbe;

/// <summary>The memory of a receive or transmit ring: descriptors of 16 bytes for the card, and the buffer of each for the driver.</summary>
internal sealed unsafe class IxgbeRing : IDisposable
{
    private const int DescriptorLength = 16;

    private readonly DmaMemory _memory;

    /// <summary>Allocates it, and tells the card where it is: the first of the steps of 4.6.7 and 4.6.8.</summary>
    internal IxgbeRing(PciDevice device, PciBar bar, int index, int size, Register low, Register high, Register length)
    {
        _memory = DmaMemory.Allocate((nuint)(size * DescriptorLength), device.NumaNode);
        Buffers = (ulong*)NativeMemory.AlignedAlloc((nuint)(size * sizeof(ulong)), 64);
        ulong address = _memory.DeviceAddress(device);
        bar.Write32(low[index], (uint)address);
        bar.Write32(high[index], (uint)(address >> 32));
        bar.Write32(length[index], (uint)(size * DescriptorLength));
    }

    internal void* Descriptors => (void*)_memory.Address;

    /// <summary>By the index of the descriptor.</summary>
    internal ulong* Buffers { get; }

    /// <summary>The card must be quiet.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Buffers);
        _memory.Dispose();
    }
}
