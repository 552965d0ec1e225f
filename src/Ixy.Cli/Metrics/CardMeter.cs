using System.Diagnostics.Metrics;
using Ixy.Simulation;

namespace Ixy.Cli.Metrics;

/// <summary>
/// The meter <c>Ixy.Simulation</c> of <c>ixy sim</c>: a simulated card and its wire, seen from outside.
/// </summary>
internal sealed class CardMeter : IDisposable
{
    private readonly Meter _meter = new("Ixy.Simulation");

    internal CardMeter(SimulatedCardServer server, string device)
    {
        KeyValuePair<string, object?> name = new("device", device);
        var wire = server.WireStatistics;
        _meter.CreateObservableCounter("ixy.wire.packets", () => new Measurement<long>[]
        {
            new(wire.Sent, name, new("direction", "to_card")), new(wire.Received, name, new("direction", "from_card")),
        }, "{packet}", "Frames that passed the wire.");
        _meter.CreateObservableCounter("ixy.wire.faults", () => new Measurement<long>[]
        {
            new(wire.Reordered, name, new("type", "reordered")), new(wire.Duplicated, name, new("type", "duplicated")),
            new(wire.Corrupted, name, new("type", "corrupted")), new(wire.Dropped, name, new("type", "dropped")),
        }, "{packet}",
        "Frames from the card that came otherwise than the far end had sent them, or that it did not take.");
        _meter.CreateObservableCounter(
            "ixy.card.violations", () => new Measurement<long>(server.Violations.Count, name),
            "{violation}", "Rules of the card's specification that drivers broke.");
    }

    public void Dispose() => _meter.Dispose();
}
