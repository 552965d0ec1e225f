using Ixy.Addresses;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

// Everything a plain forwarder does not need: several queues, interrupts, offloads. Offloads need little setup: the
// card always checks the checksums of what it receives and reports them in the descriptors (7.1.11), and what it does
// to a frame it sends is up to that frame's descriptors (7.2.5).
public sealed partial class IxgbeDevice
{
    // The queues are enabled, but the receive path is not open yet.
    private void SetUpFeatures()
    {
        // 8.2.3.8.7: with several queues, one that is not emptied drops its own frames instead of blocking the packet
        // buffer for all. With a single queue, the packet buffer (384 or 512 KiB) absorbs frames until the queue is
        // emptied.
        bool drops = _options.ReceiveQueues > 1 && _options.FullQueueDrops;
        for (int i = 0; i < _receiveQueues.Count; i++) Change(SRRCTL[i], SRRCTL_.DropEnable, set: drops);
        if (_options.Interrupts) SetUpInterrupts();
        if (_options.ReceiveQueues > 1 || _options.Rss is not null) SetUpRss(_options.Rss ?? new());
        if ((_options.Offloads & Offloads.VlanStrip) == 0) return;
        // 7.4.3 VLAN stripping, for tags with the EtherType in VLNCTRL, which is 0x8100 after reset.
        for (int i = 0; i < _receiveQueues.Count; i++) Change(RXDCTL[i], RXDCTL_.VlanStrip, set: true);
    }

    private ReceiveQueue OtherReceiveQueue(int index)
    {
        ulong reported = ReportedOffloads.Wanted(_options);
        return _old is not null ? _old.Receive(index)
            : reported != 0 ? NewReceiveQueue<ReportedOffloads>(index, reported)
            : NewReceiveQueue<NoOffloads>(index, reported);
    }

    private ReceiveQueue NewReceiveQueue<TOffloads>(int index, ulong reported)
        where TOffloads : struct, IReceiveOffloads =>
        _device.DeviceAddressIsVirtual
        ? NewVirtualReceiveQueue<TOffloads>(index, reported)
        : new IxgbeReceiveQueue<PhysicalAddresses, TOffloads>(_device, _bar, index, _options, reported);

    private TransmitQueue OtherTransmitQueue(int index) => _old?.Transmit(index)
        ?? (_device.DeviceAddressIsVirtual
            ? NewVirtualTransmitQueue(index)
            : new IxgbeTransmitQueue<PhysicalAddresses>(_device, _bar, index, _options));
}
