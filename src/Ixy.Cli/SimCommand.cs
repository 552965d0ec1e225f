using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Ixy.Cli.Metrics;
using Ixy.Cli.Output;
using Ixy.Simulation;
using Ixy.Simulation.Recording;

namespace Ixy.Cli;

/// <summary><c>ixy sim CARD --socket PATH</c>: a simulated card for clients in other processes.</summary>
internal static class SimCommand
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    internal static Command Create()
    {
        var card = CommonOptions.Device("CARD", Texts.Card);
        card.CompletionSources.Add("ixgbe", "virtio", "virtio-legacy");
        var socket = new Option<string>("--socket") { Description = Texts.Socket, HelpName = "path", Required = true };
        var wire = new Option<string>("--wire") { Description = Texts.Wire, HelpName = "wire" };
        wire.CompletionSources.Add("generator", "loopback", "tap:", "pcap:", "cable:");
        var mac = new Option<string>("--mac") { Description = Texts.Mac, HelpName = "address" };
        var trace = new Option<string>("--trace") { Description = Texts.Trace, HelpName = "file" };
        var film = new Option<string>("--film") { Description = FilmTexts.SimFilm, HelpName = "file" };
        var fault = new Option<string>("--fault-on-signal") { Description = Texts.FaultOnSignal, HelpName = "fault" };
        var duration = CommonOptions.Duration();
        var metrics = CommonOptions.Metrics();
        var json = CommonOptions.Json();
        var command = new Command("sim", Texts.Sim)
        {
            card, socket, wire, mac, trace, film, fault, duration, metrics, json,
        };
        command.SetAction(parsed =>
        {
            string specifier = SimulatedCards.Prefix + parsed.GetRequiredValue(card)
                + Part("mac", parsed.GetValue(mac)) + Part("trace", parsed.GetValue(trace))
                + Part("wire", parsed.GetValue(wire));
            int Run() => Serve(
                specifier, parsed.GetRequiredValue(socket), parsed.GetValue(fault), parsed.GetValue(duration),
                parsed.GetValue(metrics), parsed.GetValue(json));
            return parsed.GetValue(film) is { } path
                ? FilmCommand.Record(path, $"ixy sim {parsed.GetRequiredValue(card)}", Recorder.DefaultLimit, Run) : Run();
        });
        return command;
    }

    private static string Part(string key, string? value) => value is null ? "" : $",{key}={value}";

    private static int Serve(
        string specifier, string socket, string? faults, TimeSpan? duration, int? metricsPort, bool json)
    {
        // With --json, standard output contains only the one object.
        var screen = new Screen(json ? Console.Error : Console.Out, isRedirected: true);
        using var stop = new StopRequest();
        // Clients continue when the film is full.
        if (Filming.Recorder is { } recorder) recorder.Filled = null;
        using var metrics = MetricsServer.Start(metricsPort);
        long start = Stopwatch.GetTimestamp();
        CardReport report;
        using (var server = SimulatedCardServer.Open(specifier, socket))
        {
            using var meter = new CardMeter(server, specifier);
            using var signal = faults is null ? null : InjectOnSignal(server, faults, screen);
            metrics?.Show();
            var watch = new CardWatch(server, screen);
            server.Start();
            // A client that connects meanwhile is served, if slowly.
            if (Filming.Recorder is null) WarmUp.RunCard(KindOf(specifier), stop);
            screen.WriteLine($"{specifier}: waiting for a client at {socket}");
            if (metrics is not null) Console.Error.WriteLine($"ixy: metrics: {metrics.Address}");
            while (!watch.IsBroken && !stop.Wait(Left(duration, start)))
            {
                watch.Show();
                if (duration <= Stopwatch.GetElapsedTime(start)) break;
            }
            report = new CardReport(specifier, socket, server, watch.Clients, Stopwatch.GetElapsedTime(start));
        }
        report.Print(screen);
        if (json) Console.Out.WriteLine(report.ToJson());
        return report.WireFault is null ? 0 : 1;
    }

    private static PosixSignalRegistration InjectOnSignal(SimulatedCardServer server, string faults, Screen screen)
    {
        // Signals that .NET has no name for are given by number.
        const int UserSignal = 10;
        server.CheckFaults(faults);
        return PosixSignalRegistration.Create((PosixSignal)UserSignal, context =>
        {
            context.Cancel = true;
            server.Inject(faults);
            screen.WriteLine($"SIGUSR1: {faults}");
        });
    }

    private static string KindOf(string specifier) => specifier[SimulatedCards.Prefix.Length..].Split(',')[0];

    private static TimeSpan Left(TimeSpan? duration, long start)
    {
        if (duration is not { } end) return s_second;
        var left = end - Stopwatch.GetElapsedTime(start);
        return left < TimeSpan.Zero ? TimeSpan.Zero : left < s_second ? left : s_second;
    }
}
