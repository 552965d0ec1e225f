using Ixy.Vfio;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

// Sets the device up again with the existing queues, in the order of section 3.1.1.
public sealed partial class VirtioDevice
{
    private protected override void StartAgain()
    {
        StopDma(_device);
        Reset();
        ClearQueues();
        _device.EnableBusMaster();
        _transport.Status |= Status_.Acknowledge;
        _transport.Status |= Status_.Driver;
        NegotiateAgain();
        foreach (var ring in _rings) EnableAgain(ring);
        _transport.Status |= Status_.DriverOk;
        foreach (var queue in _receiveQueues) queue.Start();
        SetUpSteering();
        RestoreFilters();
    }

    // The device has been reset: it touches none of this memory.
    private void ClearQueues()
    {
        foreach (var ring in _rings) ring.Clear();
        foreach (var queue in _receiveQueues) queue.Restart();
        foreach (var queue in _transmitQueues) queue.Restart();
        _control?.Restart();
    }

    private void NegotiateAgain()
    {
        var before = _features;
        VirtioFeatures now = default;
        try
        {
            Negotiate();
            now = _features;
        }
        finally
        {
            // Also for the next attempt, if this one failed.
            _features = before;
        }
        if (now == before) return;
        throw new FeatureNotOfferedException(
            $"{Name}: the device's features are now 0x{(ulong)now:x}, and were 0x{(ulong)before:x}: dispose it and "
            + "open it again");
    }

    private void EnableAgain(Virtqueue ring)
    {
        int size = _transport.ChooseQueueSize(ring.Index, ring.Size);
        if (size != ring.Size)
            throw new FeatureNotOfferedException(
                $"{Name}: queue {ring.Index} has the size {size} now, and had {ring.Size}: dispose it and open it "
                + "again");
        bool interrupts = _vectors is not null && ring.Index % 2 == 0 && ring.Index / 2 < _vectors.Count;
        if (interrupts) _transport.ConnectVector(ring.Index, (ushort)(ring.Index / 2));
        _transport.Enable(ring);
    }

    // A device without its own address got one from this driver.
    private void RestoreFilters()
    {
        bool canSet = Has(VirtioFeatures.ControlMacAddress) || _transport.IsLegacy;
        if (canSet && (!Has(VirtioFeatures.Mac) || _transport.ReadMacAddress() != _macAddress))
            WriteMacAddress(_macAddress);
        SetReceiveModes(Promiscuous, AllMulticast);
        if (_unicast.Count + _multicast.Count > 0) CommandTables();
    }
}
