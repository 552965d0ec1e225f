using Ixy.Vfio;

namespace Ixy.Ixgbe;

internal readonly unsafe partial struct IxgbeRing<TDescriptor>
{
    /// <summary>Tells a card that was reset where the ring is. Its contents are up to the caller.</summary>
    internal void Announce(PciDevice device, PciBar bar, uint low, uint high, uint length)
    {
        ulong address = _memory.DeviceAddress(device);
        bar.Write32(low, (uint)address);
        bar.Write32(high, (uint)(address >> 32));
        bar.Write32(length, (uint)((Mask + 1) * (ulong)sizeof(TDescriptor)));
    }
}
