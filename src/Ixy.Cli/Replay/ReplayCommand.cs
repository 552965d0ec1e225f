using System.CommandLine;

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
        var duration = CommonOptions.Duration();
        var batch = CommonOptions.Batch();
        var ringSize = CommonOptions.RingSize();
        var maxFrameSize = CommonOptions.MaxFrameSize();
        var metrics = CommonOptions.Metrics();
        var json = CommonOptions.Json();
        var command = new Command("replay", Texts.Replay) { file, device, speed, loop, duration, batch, ringSize, maxFrameSize, metrics, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(file) == "-" && result.GetValue(loop) > 1) result.AddError("--loop: standard input can be read only once");
        });
        command.SetAction(parsed =>
        {
            int longest = parsed.GetValue(maxFrameSize);
            using var work = new ReplayWork(
                parsed.GetRequiredValue(file), parsed.GetValue(speed), parsed.GetValue(loop), longest, parsed.GetValue(batch));
            work.Open();
            return Measurement.Run(
                new("replay", parsed.GetValue(duration), parsed.GetValue(json))
                {
                    MetricsPort = parsed.GetValue(metrics),
                    Work = work,
                    Practice = work.Practise,
                },
                [parsed.GetRequiredValue(device)],
                new() { RingSize = parsed.GetValue(ringSize), MaxFrameSize = longest },
                work.Start,
                // As in pktgen: memory of other pages than huge ones must be gone before a card without an IOMMU starts.
                afterPractice: work.EndPractice);
        });
        return command;
    }
}
