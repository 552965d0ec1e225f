using Ixy.Metrics;

namespace Ixy;

/// <summary>
/// The meter <see cref="MeterName"/>: counters of the devices open in this process, under the names of OpenTelemetry's
/// semantic conventions for network hardware (hw.network.io and others; docs/metrics.md lists them). It shows most of
/// what the meter <c>Ixy</c> shows, in fewer instruments, and works with dashboards made for other cards. The
/// conventions may still change, so the meter is opt-in.
/// </summary>
public static class HardwareMetrics
{
    /// <summary>The meter's name, for OpenTelemetry's <c>AddMeter</c>.</summary>
    public const string MeterName = "Ixy.Hardware";

    /// <summary>
    /// Creates the meter, for the rest of the process; does nothing the second time. May be called from any thread,
    /// before or after devices are opened. It costs nothing until a listener reads it.
    /// </summary>
    public static void Register() => HardwareMeter.Register();
}
