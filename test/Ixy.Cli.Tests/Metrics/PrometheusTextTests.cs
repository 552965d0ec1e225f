using System.Diagnostics.Metrics;
using System.Text;
using Ixy.Cli.Metrics;

namespace Ixy.Cli.Tests.Metrics;

public sealed class PrometheusTextTests
{
    [Fact]
    public void NamesAndLabelsAreTranslated()
    {
        using var meter = new Meter("test");
        var text = new StringBuilder();
        PrometheusText.AppendFamily(
            text, meter.CreateObservableCounter("ixy.device.io", () => 0L, "By", "Bytes\\of\n\"packets\"."),
            [(5, [new("device", "a\"b\\c\nd"), new("error.type", 7)]), (6, [])]);
        PrometheusText.AppendFamily(
            text, meter.CreateObservableUpDownCounter("ixy.pool.size", () => 0L, "{buffer}", "Buffers."),
            [(-1, [new("queue", 0)])]);
        PrometheusText.AppendFamily(
            text, meter.CreateObservableGauge("hw.network.bandwidth.utilization", () => 0.0, "1", "Share."),
            [(0.0625m, [])]);
        PrometheusText.AppendFamily(
            text, meter.CreateObservableUpDownCounter("hw.network.bandwidth.limit", () => 0L, "By/s", "Speed."),
            [(1_250_000_000, [])]);
        PrometheusText.AppendFamily(
            text, meter.CreateObservableUpDownCounter("hw.network.up", () => 0L, "1", "Link."), [(1, [])]);
        Assert.Equal("""
            # HELP ixy_device_io_bytes_total Bytes\\of\n"packets".
            # TYPE ixy_device_io_bytes_total counter
            ixy_device_io_bytes_total{device="a\"b\\c\nd",error_type="7"} 5
            ixy_device_io_bytes_total 6
            # HELP ixy_pool_size Buffers.
            # TYPE ixy_pool_size gauge
            ixy_pool_size{queue="0"} -1
            # HELP hw_network_bandwidth_utilization_ratio Share.
            # TYPE hw_network_bandwidth_utilization_ratio gauge
            hw_network_bandwidth_utilization_ratio 0.0625
            # HELP hw_network_bandwidth_limit_bytes_per_second Speed.
            # TYPE hw_network_bandwidth_limit_bytes_per_second gauge
            hw_network_bandwidth_limit_bytes_per_second 1250000000
            # HELP hw_network_up Link.
            # TYPE hw_network_up gauge
            hw_network_up 1

            """, text.ToString());
    }
}
