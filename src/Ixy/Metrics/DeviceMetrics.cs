using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Ixy.Metrics;

/// <summary>
/// A device's measurements for the meter, from opening until it begins to close; created when a listener asks. Any
/// thread may ask at any time: the card's registers are read under a lock, and the queues' own counters are words that
/// their threads write.
/// </summary>
internal sealed class DeviceMetrics(NetworkDevice device)
{
    // Instruments are read one after another; they should all show the same moment, from a single read of the card.
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(20);

    private static readonly Tag s_receive = new("direction", "receive"), s_transmit = new("direction", "transmit");

    private static readonly ConditionalWeakTable<NetworkDevice, DeviceMetrics> s_metrics = [];

    private readonly long[] _received = new long[device.ReceiveQueues.Count];
    private DeviceStatistics _statistics;
    private long? _readAt;

    /// <summary>The metrics of a device.</summary>
    internal static DeviceMetrics Of(NetworkDevice device) => s_metrics.GetValue(device, device => new(device));

    private Tag Device => new("device", device.Name);

    internal Measurement<long>[] Packets() =>
        OfDevice<long>(
            counted => [new(counted.RxPackets, Device, s_receive), new(counted.TxPackets, Device, s_transmit)]);

    internal Measurement<long>[] Bytes() =>
        OfDevice<long>(
            counted => [new(counted.RxBytes, Device, s_receive), new(counted.TxBytes, Device, s_transmit)]);

    internal Measurement<long>[] Dropped() => OfDevice<long>(counted =>
    [
        new(counted.RxMissed, Device, s_receive, new("by", "card")),
        new(counted.RxDropped, Device, s_receive, new("by", "driver")),
        new(counted.TxDropped, Device, s_transmit, new("by", "driver")),
    ]);

    internal Measurement<long>[] Errors() => OfDevice<long>(counted =>
        [new(counted.RxCrcErrors, Device, s_receive, new("type", "crc")),
            new(counted.RxLengthErrors, Device, s_receive, new("type", "length"))]);

    internal Measurement<long>[] QueuePackets() => WhileOpen<long>(() =>
    [
        .. OfQueues(device.ReceiveQueues, Received, s_receive),
        .. OfQueues(device.TransmitQueues, (queue, _) => queue.Packets, s_transmit),
    ]);

    internal Measurement<long>[] QueueDropped() => WhileOpen<long>(() =>
    [
        .. OfQueues(device.ReceiveQueues, (queue, _) => queue.Dropped, s_receive),
        .. OfQueues(device.TransmitQueues, (queue, _) => queue.Dropped, s_transmit),
    ]);

    internal Measurement<long>[] Refused() =>
        WhileOpen<long>(() => [.. OfQueues(CountingTransmit, (queue, _) => queue.Refused, s_transmit)]);

    internal Measurement<long>[] Pending() =>
        WhileOpen<long>(() => [.. OfQueues(device.TransmitQueues, (queue, _) => queue.Pending, s_transmit)]);

    internal Measurement<long>[] PoolAvailable() =>
        WhileOpen<long>(() => [.. OfQueues(device.ReceiveQueues, (queue, _) => queue.Pool.Available)]);

    internal Measurement<long>[] PoolSize() =>
        WhileOpen<long>(() => [.. OfQueues(device.ReceiveQueues, (queue, _) => queue.Pool.Capacity)]);

    internal Measurement<long>[] Batches() => WhileOpen<long>(() =>
    [
        .. CountingTransmit.SelectMany((queue, i) => queue.Sizes.Read(Device, Queue(i), s_transmit)),
        .. CountingReceive.SelectMany((queue, i) => queue.Sizes.Read(Device, Queue(i), s_receive)),
    ]);

    private IEnumerable<CountingTransmitQueue> CountingTransmit =>
        device.TransmitQueues.OfType<CountingTransmitQueue>();

    private IEnumerable<CountingReceiveQueue> CountingReceive => device.ReceiveQueues.OfType<CountingReceiveQueue>();

    private static Tag Queue(int index) => new("queue", index);

    // The sum of two words that another thread may be updating; but a counter never goes back.
    private long Received(ReceiveQueue queue, int i) => _received[i] = Math.Max(_received[i], queue.Packets);

    private IEnumerable<Measurement<long>> OfQueues<T>(
        IEnumerable<T> queues, Func<T, int, long> read, params Tag[] tags) =>
        queues.Select((queue, i) => new Measurement<long>(read(queue, i), [Device, Queue(i), .. tags]));

    /// <summary>When the device's statistics were read, on its clock.</summary>
    internal long CountedAt { get; private set; }

    /// <summary>Computes a value from the device's statistics; nothing once the device is closing.</summary>
    internal Measurement<T>[] OfDevice<T>(Func<DeviceStatistics, Measurement<T>[]> select)
        where T : struct => WhileOpen(() =>
    {
        var clock = device.PciDevice.Clock;
        long now = Stopwatch.GetTimestamp();
        // The device's own clock may run faster than the caller's, or not at all.
        if (_readAt is not { } readAt || Stopwatch.GetElapsedTime(readAt, now) > s_moment
            || clock.GetElapsedTime(CountedAt) > s_moment)
        {
            _statistics = device.ReadStatistics();
            (_readAt, CountedAt) = (now, clock.GetTimestamp());
        }
        return select(_statistics);
    });

    /// <summary>Reads while no other thread reads the device; nothing once the device is closing.</summary>
    internal Measurement<T>[] WhileOpen<T>(Func<Measurement<T>[]> read)
        where T : struct
    {
        Measurement<T>[] found = [];
        device.WhileOpen(() => found = read());
        return found;
    }
}
