using System.Diagnostics.Metrics;
using Reader = System.Func<Ixy.Metrics.DeviceMetrics, System.Diagnostics.Metrics.Measurement<long>[]>;

namespace Ixy.Metrics;

/// <summary>
/// The instruments of <see cref="IxyMetrics"/>. Everything is read on request. docs/metrics.md lists them.
/// </summary>
internal static class IxyMeter
{
    private static readonly Meter s_meter =
        new(IxyMetrics.MeterName, typeof(IxyMeter).Assembly.GetName().Version?.ToString(3));
    private static readonly ObservableCounter<long> s_batches, s_refused;

    static IxyMeter()
    {
        Counter("ixy.device.packets", "{packet}", "Good packets received and sent by the card.", of => of.Packets());
        Counter("ixy.device.io", "By", "Bytes of these packets, without FCS.", of => of.Bytes());
        Counter("ixy.device.dropped", "{packet}", "Packets lost by the card or by the driver.", of => of.Dropped());
        Counter("ixy.device.errors", "{packet}", "Frames that arrived damaged.", of => of.Errors());
        Counter("ixy.queue.packets", "{packet}", "Packets that a queue handed out or took.", of => of.QueuePackets());
        Counter("ixy.queue.dropped", "{packet}", "Packets lost by the driver.", of => of.QueueDropped());
        s_batches = Counter("ixy.queue.batches", "{batch}", "Calls, by how many packets moved.", of => of.Batches());
        s_refused = Counter("ixy.queue.refused", "{packet}", "Packets offered to a full queue.", of => of.Refused());
        Level("ixy.queue.pending", "{packet}", "Packets whose buffers have not come back.", of => of.Pending());
        Level("ixy.pool.available", "{buffer}", "Free buffers of a receive queue's pool.", of => of.PoolAvailable());
        Level("ixy.pool.size", "{buffer}", "All buffers of that pool.", of => of.PoolSize());
    }

    /// <summary>
    /// Creates the meter, unless it exists. How queues are called is counted only for devices opened while someone
    /// listens to that.
    /// </summary>
    internal static void Register() => NetworkDevice.WantsCalls = () => s_batches.Enabled || s_refused.Enabled;

    private static ObservableCounter<long> Counter(string name, string unit, string description, Reader read) =>
        s_meter.CreateObservableCounter(name, () => Read(read), unit, description);

    private static void Level(string name, string unit, string description, Reader read) =>
        s_meter.CreateObservableUpDownCounter(name, () => Read(read), unit, description);

    private static IEnumerable<Measurement<long>> Read(Reader read) =>
        NetworkDevice.AllOpen.SelectMany(device => read(DeviceMetrics.Of(device)));
}
