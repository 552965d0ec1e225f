using System.Diagnostics.Metrics;
using Ixy.Captures;

namespace Ixy.Cli.Metrics;

/// <summary>
/// The meter <c>Ixy.Capture</c> of <c>ixy pcap</c>: what became of the packets, per interface of the capture.
/// </summary>
internal sealed class CaptureMeter : IDisposable
{
    private readonly Meter _meter = new("Ixy.Capture");

    internal CaptureMeter(CaptureFile capture, IReadOnlyList<NetworkDevice> devices)
    {
        _meter.CreateObservableCounter("ixy.capture.packets", () => devices.SelectMany((device, i) =>
        {
            var counts = capture.Counts(i);
            return new Measurement<long>[] { Packets(counts.Written, i, device, "written"),
                Packets(counts.Dropped, i, device, "dropped") };
        }), "{packet}",
            "Packets that are in the capture, and those that are not, as the disk or the pipe was too slow or failed.");
        _meter.CreateObservableCounter("ixy.capture.io", () => capture.Length, "By", "Bytes of the capture.");
    }

    public void Dispose() => _meter.Dispose();

    // The interface's number in the capture: the same device may be captured twice.
    private static Measurement<long> Packets(long count, int interfaceId, NetworkDevice device, string result) =>
        new(count, new("interface", interfaceId), new("device", device.Name), new("result", result));
}
