using Ixy.Metrics;

namespace Ixy;

/// <summary>
/// The meter <see cref="MeterName"/>: what the open devices of this process count, under the names that OpenTelemetry's
/// semantic conventions have for network hardware (hw.network.io and others; docs/metrics.md lists them). They say
/// most of what the meter <c>Ixy</c> says, in fewer instruments, and dashboards for other cards fit them. The
/// conventions may still change, so the meter is there only for those who ask for it.
/// </summary>
public static class HardwareMetrics
{
    /// <summary>The meter's name, as for OpenTelemetry's <c>AddMeter</c>.</summary>
    public const string MeterName = "Ixy.Hardware";

    /// <summary>
    /// Makes the meter, for the rest of the process; does nothing the second time. For any thread, before devices are
    /// opened or after. Until a listener asks, it costs nothing.
    /// </summary>
    public static void Register() => HardwareMeter.Register();
}
