using System.Numerics;
using System.Security.Cryptography;
using Ixy.Addresses;
using Ixy.Vfio;
using Ixy.Waiting;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

// Initialisation, in the order of section 3.1.1.
public sealed partial class VirtioDevice
{
    // Nice to have. ORDER_PLATFORM requests barriers that hold for a real device, as ours do.
    private const VirtioFeatures Welcome = VirtioFeatures.Mac | VirtioFeatures.MergeableBuffers | VirtioFeatures.Status
        | VirtioFeatures.ControlQueue | VirtioFeatures.ControlReceive | VirtioFeatures.ControlMacAddress
        | VirtioFeatures.AnyLayout
        | VirtioFeatures.EventIndex | VirtioFeatures.Version1 | VirtioFeatures.AccessPlatform
        | VirtioFeatures.RingPacked
        | VirtioFeatures.OrderPlatform | VirtioFeatures.SpeedDuplex;

    private int QueuePairs => _options.ReceiveQueues;

    private void Reset()
    {
        if (_transport.TryReset()) return;
        byte status = _transport.Status;
        throw status == NoAnswer ? Gone()
            : new DeviceTimeoutException(
                $"{Name}: the end of the reset did not come within 1000 ms: device status is 0x{status:x2}, expected 0 "
                + "(virtio 1.2, 4.1.4.3.2)");
    }

    private void SetUp()
    {
        _transport.Status |= Status_.Acknowledge;
        _transport.Status |= Status_.Driver;
        Negotiate();
        ReadMtu();
        SetUpQueues();
        _transport.Status |= Status_.DriverOk;
        foreach (var queue in _receiveQueues) queue.Start();
        SetUpSteering();
        SetUpMacAddress();
        SetReceiveModes(_options.Promiscuous, allMulticast: false);
    }

    // Steps 4 to 6, and 2.2 Feature bits.
    private void Negotiate()
    {
        var offered = _transport.ReadFeatures();
        Require(offered);
        _features = offered & Welcome;
        _features |= RequireOffloads(offered);
        if (QueuePairs > 1) _features |= VirtioFeatures.MultiQueue;
        if (_options.Rss is not null) _features |= VirtioFeatures.Rss;
        if ((offered & VirtioFeatures.Mtu) != 0 && CanReceiveMtu()) _features |= VirtioFeatures.Mtu;
        _transport.WriteFeatures(_features);
        if (_transport.IsLegacy) return;
        _transport.Status |= Status_.FeaturesOk;
        byte status = _transport.Status;
        if ((status & Status_.FeaturesOk) == 0)
            throw new FeatureNotOfferedException(
                $"{Name}: the device offers the features 0x{(ulong)offered:x} and refuses 0x{(ulong)_features:x}, "
                + "which are among them "
                + $"(device status 0x{status:x2}, virtio 1.2, 3.1.1 step 6)");
    }

    private void Require(VirtioFeatures offered)
    {
        if (!_transport.IsLegacy)
            Require(offered, VirtioFeatures.Version1, "VIRTIO_F_VERSION_1: a modern device has it (virtio 1.2, 6.1)");
        else
            // The header is in the same descriptor as the frame (5.1.6.6).
            Require(offered, VirtioFeatures.AnyLayout,
                "VIRTIO_F_ANY_LAYOUT: QEMU has it since version 1.5 (virtio 1.2, 5.1.6.6)");
        if (_options.TransmitQueues > QueuePairs)
            throw new FeatureNotOfferedException(
                $"{Name}: virtio-net has queues in pairs: expected as many receive queues as transmit queues "
                + $"({_options.TransmitQueues}), not {QueuePairs}");
        if (QueuePairs > 1)
            Require(offered, VirtioFeatures.MultiQueue | VirtioFeatures.ControlQueue,
                $"VIRTIO_NET_F_MQ, and {QueuePairs} queue pairs were asked for: in QEMU it takes "
                + $"'mq=on,vectors={2 * QueuePairs + 2}' and a netdev with 'queues={QueuePairs}'");
        RequireRss(offered);
        if (_options.EffectiveBufferSize < 1514)
            Require(offered, VirtioFeatures.MergeableBuffers,
                $"VIRTIO_NET_F_MRG_RXBUF, and without it a buffer needs 1514 bytes, not {_options.EffectiveBufferSize} "
                + "(virtio 1.2, 5.1.6.3.1)");
        if (!_options.Promiscuous) Require(offered, VirtioFeatures.ControlReceive, NoFilter);
    }

    private void Require(VirtioFeatures offered, VirtioFeatures required, string what)
    {
        if ((offered & required) != required) throw new FeatureNotOfferedException($"{Name} does not offer {what}");
    }

    // A driver that accepts the feature must have room for such a frame (5.1.4.2).
    private bool CanReceiveMtu() =>
        _transport.ReadConfig(Net.Mtu, 2)
        + FrameLengths.Shortest <= Math.Max(_options.EffectiveBufferSize, _options.MaxFrameSize);

    private void ReadMtu()
    {
        if (Has(VirtioFeatures.Mtu)) Mtu = (int)_transport.ReadConfig(Net.Mtu, 2);
    }

    // Step 7: 5.1.2 Virtqueues, 5.1.5 Device initialization.
    private void SetUpQueues()
    {
        int most = Has(VirtioFeatures.MultiQueue | VirtioFeatures.Rss)
            ? (int)_transport.ReadConfig(Net.MaxQueuePairs, 2) : 1;
        if (QueuePairs > most)
            throw new FeatureNotOfferedException(
                $"{Name} has {most} queue pairs, and {QueuePairs} were asked for: in QEMU it takes a netdev with "
                + $"'queues={QueuePairs}'");
        int longestToSend = Math.Min(_options.MaxFrameSize, Mtu + FrameLengths.Shortest ?? int.MaxValue);
        var options = new VirtioQueueOptions(_options, _features, longestToSend);
        for (int pair = 0; pair < QueuePairs; pair++)
        {
            if (_device.DeviceAddressIsVirtual) AddPair<VirtualAddresses>(pair, options);
            else AddPair<PhysicalAddresses>(pair, options);
        }
        // Its number comes after all the other queues of the device (5.1.2).
        if (Has(VirtioFeatures.ControlQueue))
            _control = AddQueue<VirtioControlQueue>(2 * most, options,
                split => new SplitControlQueue(_device, split), packed => new PackedControlQueue(_device, packed));
        // Not before each of them is in its list: from there it is released if this throws.
        foreach (var ring in _rings) _transport.Enable(ring);
    }

    private void AddPair<TAddresses>(int pair, VirtioQueueOptions options) where TAddresses : struct, IDeviceAddresses
    {
        // After a reset, the other queues and the configuration have no vector: they never interrupt.
        if (_vectors is not null) _transport.ConnectVector((ushort)(2 * pair), (ushort)pair);
        _receiveQueues.Add(AddQueue<VirtioReceiveQueue>(2 * pair, options,
            split => new SplitReceiveQueue<TAddresses>(_device, split, options),
            packed => new PackedReceiveQueue<TAddresses>(_device, packed, options)));
        if (_vectors is not null) _receiveQueues[pair].Interrupt = new QueueInterrupt(_device, _vectors[pair]);
        if (pair < _options.TransmitQueues)
            _transmitQueues.Add(AddQueue<VirtioTransmitQueue>(2 * pair + 1, options,
                split => new SplitTransmitQueue<TAddresses>(_device, split, options),
                packed => new PackedTransmitQueue<TAddresses>(_device, packed, options)));
        // A pair must be configured before it is used (5.1.6.5.6.1): an empty ring is enough.
        else AddQueue<Virtqueue>(2 * pair + 1, options, split => split, packed => packed);
    }

    private TQueue AddQueue<TQueue>(
        int number, VirtioQueueOptions options, Func<SplitRing, TQueue> split, Func<PackedRing, TQueue> packed)
    {
        ushort index = (ushort)number;
        int size = _transport.ChooseQueueSize(index, _options.RingSize);
        if (!BitOperations.IsPow2(size) || size is < 2 or > 32768)
            throw new DeviceProtocolException($"{Name}: queue {index} has the size {size}: expected a power of two from 2 to 32768 (virtio 1.2, 2.7)");
        var doorbell = _transport.OpenDoorbell(index);
        TQueue queue;
        if (options.Packed)
        {
            var ring = new PackedRing(_device, doorbell, index, size, options.EventIndex);
            _rings.Add(ring);
            queue = packed(ring);
        }
        else
        {
            var ring = new SplitRing(_device, doorbell, index, size, options.EventIndex);
            _rings.Add(ring);
            queue = split(ring);
        }
        return queue;
    }

    private void SetUpMacAddress()
    {
        if (Has(VirtioFeatures.Mac))
        {
            _macAddress = _transport.ReadMacAddress();
            return;
        }
        // A locally administered, unicast address.
        ulong random = (ulong)RandomNumberGenerator.GetInt32(int.MaxValue);
        _macAddress = new(0x02_00_00_00_00_00 | random);
        if (Has(VirtioFeatures.ControlMacAddress) || _transport.IsLegacy) WriteMacAddress(_macAddress);
    }
}
