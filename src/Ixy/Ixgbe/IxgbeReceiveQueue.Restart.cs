using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

internal unsafe partial class IxgbeReceiveQueue<TAddresses, TOffloads> : IRestartableQueue
{
    void IRestartableQueue.Restart(PciDevice device, int index)
    {
        var bar = device.OpenBar(0);
        ulong skipped = (0 - _position) & _ring.Mask;
        _droppedDescriptors += (long)skipped;
        _tailMovedAt = _position += skipped;
        _longestFrame = (uint)Pool.BufferSize;
        // The buffers stay; the frames in those already filled are lost.
        for (ulong i = 0; i <= _ring.Mask; i++)
            _ring.Descriptors[i] = new() { AddressOrHash = TAddresses.Of(_ring.Buffers[i]) };
        _ring.Announce(device, bar, RDBAL[index], RDBAH[index], RDLEN[index]);
        bar.Write32(SRRCTL[index], (uint)Pool.BufferSize / SRRCTL_.SizeUnit | SRRCTL_.OneBuffer);
        bar.Write32(DCA_RXCTRL[index], bar.Read32(DCA_RXCTRL[index]) & ~DCA_RXCTRL_.MustBeZero);
    }
}
