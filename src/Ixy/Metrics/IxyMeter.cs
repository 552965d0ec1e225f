using System.Diagnostics.Metrics;

namespace Ixy.Metrics;

/// <summary>
/// The meter <c>Ixy</c>: what the open devices of this process count, for whoever asks (a MeterListener, OpenTelemetry,
/// dotnet-counters). All of it is read when it is asked for; until then it costs nothing. docs/metrics.md lists the instruments.
/// </summary>
internal static class IxyMeter
{
    internal const string Name = "Ixy";

    private static readonly Lock s_lock = new();
    private static DeviceMetrics[] s_devices = [];
    private static readonly Meter s_meter = new(Name, typeof(IxyMeter).Assembly.GetName().Version?.ToString(3));
    // What calls of queues say is only counted for devices that are opened when somebody listens.
    private static readonly ObservableCounter<long>
        s_batches = Counter("ixy.queue.batches", "{batch}", "Calls that moved packets, by how many they moved at once.", device => device.Batches()),
        s_refused = Counter("ixy.queue.refused", "{packet}", "Packets that a transmit queue had no room for when they were offered.", device => device.Refused());

    static IxyMeter()
    {
        Counter("ixy.device.packets", "{packet}", "Good packets that the card received, and packets that it sent.", device => device.Packets());
        Counter("ixy.device.io", "By", "Bytes of these packets, without FCS.", device => device.Bytes());
        Counter("ixy.device.dropped", "{packet}", "Packets lost on receipt, missed by the card or dropped by the driver; and packets dropped, as the card cannot send them.", device => device.Dropped());
        Counter("ixy.device.errors", "{packet}", "Frames that arrived damaged.", device => device.Errors());
        Counter("ixy.queue.packets", "{packet}", "Packets that a queue handed out or took.", device => device.QueuePackets());
        Counter("ixy.queue.dropped", "{packet}", "Frames that a receive queue dropped: no buffer was free, or they did not fit into one. Packets that a transmit queue dropped, as the device cannot send them.", device => device.QueueDropped());
        Gauge("ixy.queue.pending", "{packet}", "Packets given to the card whose buffers have not come back.", device => device.Pending());
        Gauge("ixy.pool.available", "{buffer}", "Free buffers in the pool of a receive queue.", device => device.PoolAvailable());
        Gauge("ixy.pool.size", "{buffer}", "All buffers of that pool.", device => device.PoolSize());
    }

    /// <summary>Somebody wants to know how the queues are called.</summary>
    internal static bool WantsCalls => s_batches.Enabled || s_refused.Enabled;

    /// <summary>Shows a device.</summary>
    internal static void Add(DeviceMetrics device)
    {
        lock (s_lock) s_devices = [.. s_devices, device];
    }

    internal static void Remove(DeviceMetrics device)
    {
        lock (s_lock) s_devices = [.. s_devices.Where(other => other != device)];
    }

    private static ObservableCounter<long> Counter(string name, string unit, string description, Func<DeviceMetrics, Measurement<long>[]> read) =>
        s_meter.CreateObservableCounter(name, () => Read(read), unit, description);

    private static void Gauge(string name, string unit, string description, Func<DeviceMetrics, Measurement<long>[]> read) =>
        s_meter.CreateObservableUpDownCounter(name, () => Read(read), unit, description);

    private static IEnumerable<Measurement<long>> Read(Func<DeviceMetrics, Measurement<long>[]> read) =>
        Volatile.Read(ref s_devices).SelectMany(read);
}
