using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Ixy.Metrics;

/// <summary>
/// The values <see cref="HardwareMeter"/> reports for a device while it is open. Any thread may read them at any time.
/// </summary>
internal sealed class HardwareReadings(NetworkDevice device)
{
    // Over a shorter time, link utilization says more about the reader's timing than about the traffic.
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);

    private static readonly Tag s_type = new("hw.type", "network");
    private static readonly Tag s_receive = new("network.io.direction", "receive"),
        s_transmit = new("network.io.direction", "transmit");

    private static readonly ConditionalWeakTable<NetworkDevice, HardwareReadings> s_readings = [];

    private readonly DeviceMetrics _metrics = DeviceMetrics.Of(device);
    private readonly Tag _id = new("hw.id", device.Name);
    private Tag? _address;
    private (DeviceStatistics Counted, long At)? _since;
    private double? _utilization;

    /// <summary>The readings of a device.</summary>
    internal static HardwareReadings Of(NetworkDevice device) => s_readings.GetValue(device, device => new(device));

    internal Measurement<long>[] Bytes() => _metrics.OfDevice<long>(counted =>
        [new(counted.RxBytes, Network(s_receive)), new(counted.TxBytes, Network(s_transmit))]);

    internal Measurement<long>[] Packets() => _metrics.OfDevice<long>(counted =>
        [new(counted.RxPackets, Network(s_receive)), new(counted.TxPackets, Network(s_transmit))]);

    // hw.errors has no attribute for the physical address.
    internal Measurement<long>[] Errors() => _metrics.OfDevice<long>(counted =>
    [
        Error(counted.RxCrcErrors, "crc", s_receive), Error(counted.RxLengthErrors, "length", s_receive),
        Error(counted.RxMissed, "missed", s_receive), Error(counted.RxDropped, "dropped", s_receive),
        Error(counted.TxDropped, "dropped", s_transmit),
    ]);

    internal Measurement<long>[] Up() => _metrics.WhileOpen<long>(() => [new(device.Link.IsUp ? 1 : 0, Network())]);

    internal Measurement<long>[] Limit() => _metrics.WhileOpen<long>(() =>
        device.Link.SpeedMbps is > 0 and var speed ? [new(BytesPerSecond(speed), Network())] : []);

    // Averaged over at least a second, and held until the next second is over, so several readers get the same value.
    // Above 1 if a simulated wire is faster than its link.
    internal Measurement<double>[] Utilization() => _metrics.OfDevice<double>(counted =>
    {
        (DeviceStatistics Counted, long At) now = (counted, _metrics.CountedAt);
        _since ??= now;
        var elapsed = device.PciDevice.Clock.GetElapsedTime(_since.Value.At, now.At);
        if (elapsed >= s_shortest)
        {
            _utilization = device.Link.SpeedMbps is > 0 and var speed
                ? Busier(_since.Value.Counted, now.Counted) / (BytesPerSecond(speed) * elapsed.TotalSeconds) : null;
            _since = now;
        }
        return _utilization is { } share ? [new(share, Network())] : [];
    });

    private static long BytesPerSecond(int megabits) => megabits * 1_000_000L / 8;

    // Full duplex: each direction has the whole speed.
    private static double Busier(DeviceStatistics before, DeviceStatistics after) => Math.Max(
        after.RxBytes - before.RxBytes + PacketRate.OverheadBytes * (after.RxPackets - before.RxPackets),
        after.TxBytes - before.TxBytes + PacketRate.OverheadBytes * (after.TxPackets - before.TxPackets));

    private Measurement<long> Error(long count, string type, Tag direction) =>
        new(count, _id, s_type, new("error.type", type), direction);

    // The address is read only once: a different one would start a different series.
    private Tag[] Network(params ReadOnlySpan<Tag> more) =>
        [_id, s_type, _address ??= new("hw.network.physical_address", $"{device.MacAddress}"), .. more];
}
