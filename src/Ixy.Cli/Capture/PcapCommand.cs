using System.CommandLine;
using Ixy.Captures;

namespace Ixy.Cli.Capture;

/// <summary><c>ixy pcap A [B …] FILE</c>: a capture with timestamps in nanoseconds.</summary>
internal static class PcapCommand
{
    private const int MostDevices = 16, LongestSnap = 262_144;

    // The longest possible: packets wait there while the scheduler uses the core for something else.
    private const int LongestRing = 4096;

    internal static Command Create()
    {
        // One argument for both: a list followed by another argument would swallow that as well.
        var places = CommonOptions.DevicesAndFile("A [B …] FILE", Texts.CaptureArguments, MostDevices);
        var snapLength = CommonOptions.Number("--snaplen", "bytes", Texts.SnapLength, 1, LongestSnap, LongestSnap);
        var count = CommonOptions.Count();
        var duration = CommonOptions.Duration();
        var notPromiscuous = new Option<bool>("--no-promiscuous") { Description = Texts.NotPromiscuous };
        var batch = CommonOptions.Batch();
        var ringSize = CommonOptions.RingSize(LongestRing);
        var maxFrameSize = CommonOptions.MaxFrameSize();
        var metrics = CommonOptions.Metrics();
        var json = CommonOptions.Json();
        var command = new Command("pcap", Texts.Pcap)
        {
            places, count, duration, snapLength, notPromiscuous, batch, ringSize, maxFrameSize, metrics, json,
        };
        var virtualTime = new VirtualTimeOptions();
        virtualTime.AddTo(command, metrics);
        command.Validators.Add(result =>
        {
            if (result.GetValue(json) && result.GetValue(places) is [.., "-"])
                result.AddError("--json and the capture cannot both have standard output: name a file");
        });
        command.SetAction(parsed =>
        {
            string[] arguments = parsed.GetRequiredValue(places);
            using var target = new CaptureTarget(arguments[^1]);
            var options = new CaptureFileOptions { SnapLength = parsed.GetValue(snapLength) };
            using var work = new CaptureWork(
                target, options, parsed.GetValue(batch), parsed.GetValue(count) ?? long.MaxValue);
            return Measurement.Run(
                new("pcap", parsed.GetValue(duration), parsed.GetValue(json))
                {
                    MetricsPort = parsed.GetValue(metrics),
                    VirtualTime = virtualTime.Read(parsed),
                    CountsFromOpening = true,
                    OutputIsTaken = CaptureTarget.IsStandardOutput(target.Path),
                    Work = work,
                    WarmUp = work.CreateWarmUp,
                },
                arguments[..^1],
                new()
                {
                    RingSize = parsed.GetValue(ringSize),
                    MaxFrameSize = parsed.GetValue(maxFrameSize),
                    Promiscuous = !parsed.GetValue(notPromiscuous),
                },
                work.Start);
        });
        return command;
    }
}
