using System.CommandLine;

namespace Ixy.Cli;

/// <summary><c>ixy fwd A B</c>: the counterpart of C ixy's forwarder.</summary>
internal static class FwdCommand
{
    internal static Command Create()
    {
        var a = CommonOptions.Device("A", Texts.Device);
        var b = CommonOptions.Device("B", Texts.OtherDevice);
        var batch = CommonOptions.Batch();
        var ringSize = CommonOptions.RingSize();
        var maxFrameSize = CommonOptions.MaxFrameSize();
        var duration = CommonOptions.Duration();
        var touch = new Option<bool>("--touch") { Description = Texts.Touch };
        var checkedPools = CommonOptions.Checked();
        var json = CommonOptions.Json();
        var command = new Command("fwd", Texts.Fwd) { a, b, batch, duration, touch, ringSize, maxFrameSize, checkedPools, json };
        command.SetAction(parsed =>
        {
            int batchSize = parsed.GetValue(batch);
            return Measurement.Run(
                new("fwd", parsed.GetValue(duration), parsed.GetValue(json)),
                [parsed.GetRequiredValue(a), parsed.GetRequiredValue(b)],
                new()
                {
                    RingSize = parsed.GetValue(ringSize),
                    // The buffers of one pool fill its own receive ring and the other card's transmit ring, and some are in hand.
                    PoolSize = Math.Max(4096, 3 * parsed.GetValue(ringSize)),
                    MaxFrameSize = parsed.GetValue(maxFrameSize),
                    CheckedPools = parsed.GetValue(checkedPools) ? true : null,
                },
                parsed.GetValue(touch)
                    ? devices => new ForwardLoop<IncrementByte>(devices[0], devices[1], batchSize)
                    : devices => new ForwardLoop<ReadFirstLine>(devices[0], devices[1], batchSize));
        });
        return command;
    }
}
