using Ixy.Hosting;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Recording;
using Ixy.Simulation.Tests.Ixgbe;

namespace Ixy.Simulation.Tests.Recording;

/// <summary>A card on the bench whose events are recorded; registers and descriptors are written by hand.</summary>
internal sealed class RecordedBench : IDisposable
{
    private readonly Recorder _recorder = new();
    private int _seen;

    internal RecordedBench()
    {
        var recorder = _recorder.AddCard("bench", new VirtualScheduler(0));
        var bench = new CardBench(
            new IxgbeCardOptions { LinkUpDelay = 20_000 }, new RecordedWire(FarEnd, recorder));
        recorder.Watch(bench.Card);
        Bench = new TransmitBench(bench);
    }

    internal TransmitBench Bench { get; }

    internal TestWire FarEnd { get; } = new();

    internal Recorder Recorder => _recorder;

    /// <summary>What has happened since the last call, except register reads.</summary>
    internal string[] News()
    {
        string[] news = [.. _recorder.Events.Skip(_seen)
            .Where(happened => happened is not BarAccess { IsWrite: false }).Select(happened => happened.Text)];
        _seen = _recorder.Events.Count;
        return news;
    }

    public void Dispose() => Bench.Dispose();
}
