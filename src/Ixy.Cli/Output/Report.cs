using System.Text.Json;
using Ixy.Simulation;

namespace Ixy.Cli.Output;

/// <summary>
/// The end of a run. What simulated cards and wires saw is read when it is printed: by then they are shut down.
/// </summary>
internal sealed class Report
{
    private readonly string _command;
    private readonly IMeasuredWork? _work;
    private readonly VirtualTime? _virtualTime;
    private readonly LoopFigures _figures;
    private readonly bool _ranDry;
    private readonly DeviceFigures[] _devices;
    private readonly string[] _loss, _stuckRings, _findings;

    internal Report(
        MeasurementSettings settings, DeviceGroup group, DeviceStatistics[] statistics, LoopGroup loops,
        bool wasMeasured)
    {
        (_command, _work, _figures, _ranDry) = (settings.Command, settings.Work, loops.Figures, loops.RanDry);
        _virtualTime = settings.VirtualTime;
        _loss = loops.Loss is { } loss ? [Program.Describe(loss)] : [];
        // A card that is gone has no more to say.
        _stuckRings = IsOfALoss ? [] : [.. Findings.StuckRings(group.Devices, loops.Stuck)];
        var stillness = IsOfALoss ? [] : wasMeasured
            ? Findings.NothingMoved(_command, group.Devices, statistics) : Findings.StoppedEarly(group.Devices);
        _findings = [.. stillness, .. _stuckRings];
        _devices = [.. group.Devices.Select((device, i) => new DeviceFigures(
            device.Name, device.DriverName, statistics[i], loops.Dropped[i], FindRefusal(device),
            device.PciDevice as SimulatedPciDevice))];
    }

    /// <summary>Wires that stopped working, with the reason.</summary>
    internal IEnumerable<string> WireFaults =>
        from device in _devices
        let fault = device.Card?.Wire.Fault
        where fault is not null
        select $"{device.Name}: {fault}";

    /// <summary>A card is gone, which ended the run.</summary>
    internal bool IsOfALoss => _loss.Length > 0;

    /// <summary>A card took packets, but does not send them.</summary>
    internal bool HasStuckRings => _stuckRings.Length > 0;

    private double PacketsPerSecond => _figures.Packets == 0 ? 0 : _figures.Packets / _figures.Elapsed.TotalSeconds;

    /// <summary>One line of JSON.</summary>
    internal string ToJson()
    {
        var report = new ReportJson(
            _command, _figures.Elapsed.TotalSeconds, [.. _devices.Select(device => device.ToJson())], PacketsPerSecond,
            _figures.AllocatedBytes, _figures.Collections);
        report = report with { Notes = [.. _loss, .. _findings], VirtualTime = ToJson(_virtualTime) };
        return JsonSerializer.Serialize(_work?.AddTo(report) ?? report, ReportJsonContext.Default.ReportJson);
    }

    /// <summary>For people.</summary>
    internal void Print(Screen screen)
    {
        screen.WriteLine();
        string did = _command == "fwd" ? "forwarded" : "sent";
        screen.WriteLine(_work?.Summary
            ?? $"{did} {_figures.Packets:N0} packets in {_figures.Elapsed.TotalSeconds:F2} s: "
            + $"{Rates.Mpps(PacketsPerSecond)} Mpps");
        screen.WriteLine();
        _work?.Print(screen);
        screen.WriteTable(
            ["device", "RX packets", "TX packets", "RX missed", "RX dropped", "RX errors", "TX dropped"],
            [.. _devices.Select(device => device.Cells())]);
        PrintRefusals(screen);
        PrintWires(screen);
        screen.WriteLine();
        screen.WriteLine(_virtualTime is { } time
            ? $"virtual time, seed {time.Seed}: {time.PacketTime} ns per packet, {time.PollTime} ns per poll, "
                + $"{time.WakeTime} ns to wake up"
            : $"the packet threads allocated {_figures.AllocatedBytes:N0} bytes; "
                + $"{_figures.Collections} garbage collections");
        foreach (string finding in _findings) screen.Alert(finding);
        if (!_ranDry && !HasStuckRings && !IsOfALoss)
            screen.Alert("packets kept arriving after the end, so the counters of different places need not agree");
        PrintViolations(screen);
        PrintNotes(screen);
        foreach (string fault in WireFaults) screen.Alert(fault);
    }

    private static VirtualTimeJson? ToJson(VirtualTime? time) =>
        time is null ? null : new(time.Seed, time.PacketTime, time.PollTime, time.WakeTime);

    private static TransmitRefusal FindRefusal(NetworkDevice device) =>
        device.TransmitQueues.Select(queue => queue.LastRefusal).FirstOrDefault(refusal => refusal.IsRefused);

    private void PrintRefusals(Screen screen)
    {
        foreach (var device in _devices.Where(device => device.Counted.TxDropped > 0))
            screen.Alert(
                $"{device.Name} cannot send {device.Counted.TxDropped:N0} of the packets, which were dropped; one of "
                + $"them: {device.Refusal}");
    }

    private void PrintWires(Screen screen)
    {
        var simulated = _devices.Where(device => device.Card is not null).ToList();
        if (simulated.Count == 0) return;
        screen.WriteLine();
        screen.WriteTable(
            ["wire of", "sent", "received", "lost", "reordered", "duplicated", "corrupted"],
            [.. simulated.Select(device => device.WireCells())]);
    }

    private void PrintViolations(Screen screen)
    {
        foreach (var device in _devices)
        {
            if (device.Card is not { Violations: { Count: > 0 } violations }) continue;
            screen.Alert($"{device.Name}: the driver broke rules of the datasheet {violations.Count:N0} times:");
            foreach (var violation in violations.All) screen.Alert($"  {violation}");
        }
    }

    private void PrintNotes(Screen screen)
    {
        foreach (var device in _devices)
        {
            if (device.Card is not { Notes: { Count: > 0 } notes }) continue;
            screen.WriteLine($"{device.Name}: noted {notes.Count:N0} times, which breaks no rule:");
            foreach (var note in notes.All) screen.WriteLine($"  {note}");
        }
    }

    private sealed record DeviceFigures(
        string Name, string Driver, DeviceStatistics Counted, long TxWaiting, TransmitRefusal Refusal,
        SimulatedPciDevice? Card)
    {
        private long TxDropped => Counted.TxDropped + TxWaiting;

        private long RxErrors => Counted.RxCrcErrors + Counted.RxLengthErrors;

        internal string[] Cells() =>
        [
            Name, $"{Counted.RxPackets:N0}", $"{Counted.TxPackets:N0}", $"{Counted.RxMissed:N0}",
            $"{Counted.RxDropped:N0}",
            $"{RxErrors:N0}", $"{TxDropped:N0}",
        ];

        internal string[] WireCells()
        {
            var wire = Card!.WireStatistics;
            return [Name, $"{wire.Sent:N0}", $"{wire.Received:N0}", $"{wire.Lost:N0}", $"{wire.Reordered:N0}",
                $"{wire.Duplicated:N0}", $"{wire.Corrupted:N0}"];
        }

        internal DeviceJson ToJson() => new(
            Name, Driver, Counted.RxPackets, Counted.TxPackets, Counted.RxBytes, Counted.TxBytes,
            Counted.RxMissed + Counted.RxDropped, Counted.RxMissed, TxDropped, Counted.TxDropped, RxErrors,
            WireToJson(), [.. Card?.Violations.All.Select(violation => violation.ToString()) ?? []],
            Card?.Violations.Count ?? 0)
        {
            Notes = [.. Card?.Notes.All.Select(note => note.ToString()) ?? []],
        };

        private WireJson? WireToJson()
        {
            if (Card is null) return null;
            var wire = Card.WireStatistics;
            return new(wire.Sent, wire.Received, wire.Lost, wire.Reordered, wire.Duplicated, wire.Corrupted,
                wire.Foreign, wire.Dropped, Card.Wire.Fault);
        }
    }
}
