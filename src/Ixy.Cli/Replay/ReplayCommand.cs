using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Ixy.Cli.Replay;

/// <summary><c>ixy replay FILE A</c>: sends a capture.</summary>
internal static class ReplayCommand
{
    internal static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = Texts.ReplayFile };
        var device = CommonOptions.Device("A", Texts.Device);
        var speed = CommonOptions.Speed();
        var loop = CommonOptions.Passes();
        var maxGap = CommonOptions.MaxGap();
        var pad = CommonOptions.Pad();
        var duration = CommonOptions.Duration(Texts.ReplayDuration);
        var batch = CommonOptions.Batch();
        var ringSize = CommonOptions.RingSize();
        var maxFrameSize = CommonOptions.MaxFrameSize();
        var metrics = CommonOptions.Metrics();
        var json = CommonOptions.Json();
        var command = new Command("replay", Texts.Replay)
        {
            file, device, speed, loop, maxGap, pad, duration, batch, ringSize, maxFrameSize, metrics, json,
        };
        var virtualTime = new VirtualTimeOptions();
        virtualTime.AddTo(command, metrics);
        command.Validators.Add(result =>
        {
            // Invalid values are reported elsewhere, and cannot be evaluated here.
            if (result.GetValue(file) == "-" && Given(result.GetResult(loop)) is { } times
                && int.TryParse(times, CultureInfo.InvariantCulture, out int passes) && passes > 1)
                result.AddError("--loop: standard input can be read only once");
            if (Given(result.GetResult(maxGap)) is not null && Given(result.GetResult(speed)) is { } rate
                && PacketRate.TryParse(rate, out _))
                result.AddError($"--max-gap: --speed {rate} has no gaps: expected original, or a multiple of it");
        });
        command.SetAction(parsed =>
        {
            int longest = parsed.GetValue(maxFrameSize);
            var settings = new ReplaySettings(
                parsed.GetValue(speed), parsed.GetValue(loop), parsed.GetValue(maxGap), parsed.GetValue(pad))
            {
                GivesUp = parsed.GetValue(duration) is null,
            };
            using var work = new ReplayWork(parsed.GetRequiredValue(file), settings, longest, parsed.GetValue(batch));
            work.Open();
            return Measurement.Run(
                new("replay", parsed.GetValue(duration), parsed.GetValue(json))
                {
                    MetricsPort = parsed.GetValue(metrics),
                    VirtualTime = virtualTime.Read(parsed),
                    Work = work,
                    WarmUp = work.CreateWarmUp,
                },
                [parsed.GetRequiredValue(device)],
                new() { RingSize = parsed.GetValue(ringSize), MaxFrameSize = longest },
                work.Start,
                // As in pktgen: memory other than huge pages must be gone before a card without an IOMMU starts.
                afterWarmUp: work.EndWarmUp);
        });
        return command;
    }

    private static string? Given(OptionResult? option) => option?.Tokens is [{ Value: var text }] ? text : null;
}
