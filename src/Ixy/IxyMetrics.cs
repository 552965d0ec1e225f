using Ixy.Metrics;

namespace Ixy;

/// <summary>
/// The meter <see cref="MeterName"/>: counters of the devices open in this process, for any listener (a MeterListener,
/// OpenTelemetry, dotnet-counters). A program that wants it registers it. docs/metrics.md lists its instruments.
/// </summary>
public static class IxyMetrics
{
    /// <summary>The meter's name, for OpenTelemetry's <c>AddMeter</c>.</summary>
    public const string MeterName = "Ixy";

    /// <summary>
    /// Creates the meter, for the rest of the process; does nothing the second time. For any thread, before or after
    /// devices are opened; but calls of queues are counted only on devices opened while something listens to that.
    /// Until a listener asks, it costs nothing.
    /// </summary>
    public static void Register() => IxyMeter.Register();
}
