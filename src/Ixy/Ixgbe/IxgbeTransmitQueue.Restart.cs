using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

internal unsafe partial class IxgbeTransmitQueue<TAddresses> : IRestartableQueue
{
    /// <inheritdoc/>
    // Includes the clean position, because the head wraps around.
    internal override TransmitProgress Progress
    {
        get
        {
            ulong next = Volatile.Read(ref _next), head = _bar.Read32(_head);
            return new(Volatile.Read(ref _clean) << 16 | head, head != (next & _ring.Mask));
        }
    }

    void IRestartableQueue.Restart(PciDevice device, int index)
    {
        FreeUnsent();
        ulong skipped = (0 - _next) & _ring.Mask;
        _contextsWritten += skipped;
        _next += skipped;
        (_clean, _report) = (_next, _next + _unit);
        (_contexts, _contextsPending) = (default, 0);
        new Span<IxgbeTransmitDescriptor>(_ring.Descriptors, (int)_ring.Mask + 1).Clear();
        _ring.Announce(device, _bar, TDBAL[index], TDBAH[index], TDLEN[index]);
        // As when it was created.
        _bar.Write32(TXDCTL[index], 32u << TXDCTL_.PrefetchShift | 8u << TXDCTL_.HostShift);
    }

    private void FreeUnsent()
    {
        for (; _clean != _next; _clean++)
        {
            ref ulong buffer = ref _ring.Buffers[_clean & _ring.Mask];
            if (buffer != 0) PacketPool.Free(new ReadOnlySpan<ulong>(in buffer));
        }
    }
}
