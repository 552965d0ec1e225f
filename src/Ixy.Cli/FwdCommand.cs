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
        var queues = CommonOptions.Queues();
        var symmetric = new Option<bool>("--symmetric-rss") { Description = Texts.SymmetricRss };
        var ringSize = CommonOptions.RingSize();
        var maxFrameSize = CommonOptions.MaxFrameSize();
        var bufferSize = CommonOptions.BufferSize();
        var duration = CommonOptions.Duration();
        var touch = new Option<bool>("--touch") { Description = Texts.Touch };
        var interrupts = new Option<bool>("--interrupts") { Description = Texts.Interrupts };
        var checkedPools = CommonOptions.CheckedPools();
        var metrics = CommonOptions.Metrics();
        var json = CommonOptions.Json();
        var command = new Command(
            "fwd", Texts.Fwd) { a, b, batch, duration, touch, queues, symmetric, ringSize, maxFrameSize, bufferSize,
            interrupts, checkedPools, metrics, json };
        var virtualTime = new VirtualTimeOptions();
        virtualTime.AddTo(command, metrics);
        command.SetAction(parsed =>
        {
            int batchSize = parsed.GetValue(batch);
            bool sleeps = parsed.GetValue(interrupts);
            return Measurement.Run(
                new("fwd", parsed.GetValue(duration), parsed.GetValue(json))
                {
                    MetricsPort = parsed.GetValue(metrics),
                    VirtualTime = virtualTime.Read(parsed),
                },
                [parsed.GetRequiredValue(a), parsed.GetRequiredValue(b)],
                new()
                {
                    ReceiveQueues = parsed.GetValue(queues),
                    TransmitQueues = parsed.GetValue(queues),
                    // Each has a thread; but threads that share a core wait for their turn longer than a ring lasts.
                    FullQueueDrops = false,
                    RingSize = parsed.GetValue(ringSize),
                    MaxFrameSize = parsed.GetValue(maxFrameSize),
                    BufferSize = parsed.GetValue(bufferSize),
                    Rss = parsed.GetValue(symmetric) ? new() { Key = RssOptions.SymmetricKey } : null,
                    Interrupts = sleeps,
                    CheckedPools = parsed.GetValue(checkedPools) ? true : null,
                },
                parsed.GetValue(touch)
                    ? devices => ForwardLoop<IncrementByte>.Create(devices, batchSize, sleeps)
                    : devices => ForwardLoop<ReadFirstLine>.Create(devices, batchSize, sleeps));
        });
        return command;
    }
}
