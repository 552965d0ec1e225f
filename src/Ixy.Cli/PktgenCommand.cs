using System.CommandLine;

namespace Ixy.Cli;

/// <summary><c>ixy pktgen A</c>: the counterpart of C ixy's packet generator.</summary>
internal static class PktgenCommand
{
    private const int ShortestFrame = 60, LongestFrame = 15_864, PoolSize = 8192;

    internal static Command Create()
    {
        var device = CommonOptions.Device("A", Texts.Device);
        var size = CommonOptions.Number("--size", "bytes", Texts.Size, ShortestFrame, LongestFrame, ShortestFrame);
        var rate = CommonOptions.Rate();
        var count = CommonOptions.Count();
        var batch = CommonOptions.Batch();
        var ringSize = CommonOptions.RingSize();
        var duration = CommonOptions.Duration();
        var metrics = CommonOptions.Metrics();
        var json = CommonOptions.Json();
        var command = new Command(
            "pktgen", Texts.Pktgen) { device, size, rate, duration, count, batch, ringSize, metrics, json };
        var virtualTime = new VirtualTimeOptions();
        virtualTime.AddTo(command, metrics);
        command.SetAction(parsed =>
        {
            int frameSize = parsed.GetValue(size), batchSize = parsed.GetValue(batch);
            double packetsPerSecond = parsed.GetValue(rate).PacketsPerSecond(frameSize);
            using var pools = new TestFramePools(PoolSize, frameSize);
            return Measurement.Run(
                new("pktgen", parsed.GetValue(duration), parsed.GetValue(json))
                {
                    MetricsPort = parsed.GetValue(metrics),
                    VirtualTime = virtualTime.Read(parsed),
                },
                [parsed.GetRequiredValue(device)],
                new() { RingSize = parsed.GetValue(ringSize), MaxFrameSize = Math.Max(1518, frameSize) },
                devices =>
                [
                    new GenerateLoop(
                        devices[0], pools.Create(devices[0]), batchSize, packetsPerSecond, parsed.GetValue(count)
                        ?? long.MaxValue)
                    {
                        GivesUp = parsed.GetValue(count) is not null && parsed.GetValue(duration) is null,
                    },
                ],
                // A card without an IOMMU needs huge pages: any other memory that the warm-up used must be gone before.
                afterWarmUp: pools.Dispose);
        });
        return command;
    }
}
