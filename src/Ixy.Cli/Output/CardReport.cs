using System.Text.Json;
using Ixy.Simulation;

namespace Ixy.Cli.Output;

/// <summary>
/// The end of <c>ixy sim</c>. Wire and violations are read when they are printed: by then the card stands still.
/// </summary>
internal sealed class CardReport(
    string device, string socket, SimulatedCardServer server, int clients, TimeSpan duration)
{
    private readonly bool _linkWasUp = server.LinkIsUp;

    /// <summary>Why the wire stopped working; null if it did not.</summary>
    internal string? WireFault => server.Wire.Fault;

    /// <summary>One line of JSON.</summary>
    internal string ToJson()
    {
        var wire = server.WireStatistics;
        return JsonSerializer.Serialize(
            new CardReportJson("sim", duration.TotalSeconds, device, socket, clients, _linkWasUp,
                new(wire.Sent, wire.Received, wire.Lost, wire.Reordered, wire.Duplicated, wire.Corrupted, wire.Foreign,
                    wire.Dropped, WireFault),
                [.. server.Violations.All.Select(violation => violation.ToString())], server.Violations.Count)
            {
                Notes = [.. server.Notes.All.Select(note => note.ToString())],
            },
            ReportJsonContext.Default.CardReportJson);
    }

    /// <summary>For people.</summary>
    internal void Print(Screen screen)
    {
        var wire = server.WireStatistics;
        screen.WriteLine();
        screen.WriteTable(
            ["wire of", "sent", "received", "lost", "reordered", "duplicated", "corrupted"],
            [[device, $"{wire.Sent:N0}", $"{wire.Received:N0}", $"{wire.Lost:N0}", $"{wire.Reordered:N0}",
                $"{wire.Duplicated:N0}", $"{wire.Corrupted:N0}"]]);
        if (server.Violations.Count > 0)
            screen.Alert($"drivers broke rules of the datasheet {server.Violations.Count:N0} times:");
        foreach (var violation in server.Violations.All) screen.Alert($"  {violation}");
        if (server.Notes.Count > 0) screen.WriteLine($"noted {server.Notes.Count:N0} times, which breaks no rule:");
        foreach (var note in server.Notes.All) screen.WriteLine($"  {note}");
        if (WireFault is not null) screen.Alert(WireFault);
    }
}
