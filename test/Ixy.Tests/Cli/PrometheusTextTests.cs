using System.Diagnostics.Metrics;
using System.Text;
using Ixy.Cli.Metrics;

namespace Ixy.Tests.Cli;

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
        Assert.Equal("""
            # HELP ixy_device_io_bytes_total Bytes\\of\n"packets".
            # TYPE ixy_device_io_bytes_total counter
            ixy_device_io_bytes_total{device="a\"b\\c\nd",error_type="7"} 5
            ixy_device_io_bytes_total 6
            # HELP ixy_pool_size Buffers.
            # TYPE ixy_pool_size gauge
            ixy_pool_size{queue="0"} -1

            """, text.ToString());
    }
}
