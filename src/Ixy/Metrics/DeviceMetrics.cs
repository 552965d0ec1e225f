using System.Diagnostics.Metrics;
using Ixy.Vfio;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Ixy.Metrics;

/// <summary>
/// What the meter shows of a device, from when it is open until it begins to close. Any thread may ask at any time: the card's
/// registers are read under a lock, the queues' own numbers are words that their threads write.
/// </summary>
internal sealed class DeviceMetrics(NetworkDevice device)
{
    // The instruments are asked one after the other; they shall show the same moment, and the card be read once.
    private const long Moment = 20;

    private static readonly Tag s_receive = new("direction", "receive"), s_transmit = new("direction", "transmit");

    private readonly Lock _lock = new();
    private readonly List<BatchSizes> _batches = [];
    private IReadOnlyList<ReceiveQueue> _receiveQueues = [];
    private IReadOnlyList<TransmitQueue> _transmitQueues = [];
    private CountingTransmitQueue[] _countingTransmitQueues = [];
    private long[] _received = [];
    private DeviceStatistics _statistics;
    private long _readAt = long.MinValue;
    private bool _isOpen;

    private Tag Device => new("device", device.Name);

    /// <summary>The queues, and around each one that counts batches and what is refused, if anybody wants to know.</summary>
    internal (IReadOnlyList<ReceiveQueue> Receive, IReadOnlyList<TransmitQueue> Transmit) Watch(
        IReadOnlyList<ReceiveQueue> receive, IReadOnlyList<TransmitQueue> transmit)
    {
        (_receiveQueues, _transmitQueues, _received) = (receive, transmit, new long[receive.Count]);
        if (!IxyMeter.WantsCalls) return (receive, transmit);
        _countingTransmitQueues = [.. transmit.Select((queue, i) => new CountingTransmitQueue(queue, NewSizes(s_transmit, i)))];
        return ([.. receive.Select((queue, i) => new CountingReceiveQueue(queue, NewSizes(s_receive, i)))], _countingTransmitQueues);
    }

    /// <summary>The device is open.</summary>
    internal void Show()
    {
        _isOpen = true;
        IxyMeter.Add(this);
        CounterWatch.Of(device.PciDevice.Clock).Add(this);
    }

    /// <summary>The device closes: when this returns, nobody reads it any more.</summary>
    internal void Hide()
    {
        CounterWatch.Of(device.PciDevice.Clock).Remove(this);
        IxyMeter.Remove(this);
        lock (_lock) _isOpen = false;
    }

    /// <summary>Takes over what the card has counted; does nothing once the device closes.</summary>
    internal void TakeCounters() => WhileOpen(() =>
    {
        device.TakeCounters();
        return [];
    });

    internal Measurement<long>[] Packets() => OfDevice(counted => [new(counted.RxPackets, Device, s_receive), new(counted.TxPackets, Device, s_transmit)]);

    internal Measurement<long>[] Bytes() => OfDevice(counted => [new(counted.RxBytes, Device, s_receive), new(counted.TxBytes, Device, s_transmit)]);

    internal Measurement<long>[] Dropped() => OfDevice(counted =>
    [
        new(counted.RxMissed, Device, s_receive, new("by", "card")),
        new(counted.RxDropped, Device, s_receive, new("by", "driver")),
        new(counted.TxDropped, Device, s_transmit, new("by", "driver")),
    ]);

    internal Measurement<long>[] Errors() => OfDevice(counted =>
        [new(counted.RxCrcErrors, Device, s_receive, new("type", "crc")), new(counted.RxLengthErrors, Device, s_receive, new("type", "length"))]);

    internal Measurement<long>[] QueuePackets() => WhileOpen(() =>
    [
        .. _receiveQueues.Select((queue, i) => new Measurement<long>(Received(i), Device, Queue(i), s_receive)),
        .. _transmitQueues.Select((queue, i) => new Measurement<long>(queue.Packets, Device, Queue(i), s_transmit)),
    ]);

    internal Measurement<long>[] QueueDropped() => WhileOpen(() =>
    [
        .. _receiveQueues.Select((queue, i) => new Measurement<long>(queue.Dropped, Device, Queue(i), s_receive)),
        .. _transmitQueues.Select((queue, i) => new Measurement<long>(queue.Dropped, Device, Queue(i), s_transmit)),
    ]);

    internal Measurement<long>[] Refused() =>
        WhileOpen(() => [.. _countingTransmitQueues.Select((queue, i) => new Measurement<long>(queue.Refused, Device, Queue(i), s_transmit))]);

    internal Measurement<long>[] Pending() =>
        WhileOpen(() => [.. _transmitQueues.Select((queue, i) => new Measurement<long>(queue.Pending, Device, Queue(i), s_transmit))]);

    internal Measurement<long>[] PoolAvailable() => OfReceiveQueues(queue => queue.Pool.Available);

    internal Measurement<long>[] PoolSize() => OfReceiveQueues(queue => queue.Pool.Capacity);

    internal Measurement<long>[] Batches() => WhileOpen(() => [.. _batches.SelectMany(sizes => sizes.Read(Device))]);

    private static Tag Queue(int index) => new("queue", index);

    private BatchSizes NewSizes(Tag direction, int queue)
    {
        var sizes = new BatchSizes(Queue(queue), direction);
        _batches.Add(sizes);
        return sizes;
    }

    // Made up of two words, which another thread may be changing; but a counter never goes back.
    private long Received(int i) => _received[i] = Math.Max(_received[i], _receiveQueues[i].Packets);

    private Measurement<long>[] OfReceiveQueues(Func<ReceiveQueue, long> read, params Tag[] tags) =>
        WhileOpen(() => [.. _receiveQueues.Select((queue, i) => new Measurement<long>(read(queue), [Device, Queue(i), .. tags]))]);

    private Measurement<long>[] OfDevice(Func<DeviceStatistics, Measurement<long>[]> select) => WhileOpen(() =>
    {
        long now = Environment.TickCount64;
        if (now - Moment > _readAt)
        {
            _statistics = device.ReadStatistics();
            _readAt = now;
        }
        return select(_statistics);
    });

    private Measurement<long>[] WhileOpen(Func<Measurement<long>[]> read)
    {
        lock (_lock)
        {
            if (!_isOpen) return [];
            try
            {
                return read();
            }
            catch (PciDeviceException)
            {
                // A card that has gone counts nothing more. Whoever uses it is told; who watches sees it end.
                return [];
            }
        }
    }
}
