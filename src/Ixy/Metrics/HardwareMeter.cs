using System.Diagnostics.Metrics;

namespace Ixy.Metrics;

/// <summary>
/// The instruments of <see cref="HardwareMetrics"/>: names, units and attributes as in OpenTelemetry's semantic
/// conventions for network hardware (docs/hardware/network.md of open-telemetry/semantic-conventions).
/// </summary>
internal static class HardwareMeter
{
    private static readonly Meter s_meter =
        new(HardwareMetrics.MeterName, typeof(HardwareMeter).Assembly.GetName().Version?.ToString(3));

    static HardwareMeter()
    {
        s_meter.CreateObservableCounter(
            "hw.network.io", () => Read(of => of.Bytes()), "By", "Received and transmitted bytes, without FCS.");
        s_meter.CreateObservableCounter(
            "hw.network.packets", () => Read(of => of.Packets()), "{packet}", "Received and transmitted packets.");
        s_meter.CreateObservableCounter(
            "hw.errors", () => Read(of => of.Errors()), "{error}", "Frames that arrived damaged, and packets lost.");
        s_meter.CreateObservableUpDownCounter(
            "hw.network.up", () => Read(of => of.Up()), "1", "Link status: 1 (up) or 0 (down).");
        s_meter.CreateObservableUpDownCounter(
            "hw.network.bandwidth.limit", () => Read(of => of.Limit()), "By/s", "Link speed, where it is known.");
        s_meter.CreateObservableGauge(
            "hw.network.bandwidth.utilization", () => Read(of => of.Utilization()), "1",
            "The busier direction's share of the link speed.");
    }

    /// <summary>Creates the meter, if it does not exist yet.</summary>
    internal static void Register() => _ = s_meter;

    private static IEnumerable<Measurement<T>> Read<T>(Func<HardwareReadings, Measurement<T>[]> read)
        where T : struct =>
        NetworkDevice.AllOpen.SelectMany(device => read(HardwareReadings.Of(device)));
}
