namespace Ixy.Ixgbe;

// Little has to be set up for offloads. The card always checks the checksums of what it receives, and says so in the
// descriptors (7.1.11); what it shall do to a frame it sends stands in that frame's descriptors (7.2.5).
public sealed partial class IxgbeDevice
{
    private ReceiveQueue NewReportingQueue(int index) => _device.DeviceAddressIsVirtual
        ? new IxgbeReceiveQueue<VirtualAddresses, ReportedOffloads>(_device, _bar, index, _options)
        : new IxgbeReceiveQueue<PhysicalAddresses, ReportedOffloads>(_device, _bar, index, _options);
}
