using Ixy.Cli.Metrics;
using Ixy.Cli.Output;
using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>How long to measure, and how to report.</summary>
internal sealed record MeasurementSettings(string Command, TimeSpan? Duration, bool Json)
{
    /// <summary>Standard output is used for something else, a capture: nothing else is printed there.</summary>
    internal bool OutputIsTaken { get; init; }

    /// <summary>
    /// Everything a card does from its opening on counts, because a capture includes what came before the measured
    /// part.
    /// </summary>
    internal bool CountsFromOpening { get; init; }

    /// <summary>Where metrics are served; null for nowhere.</summary>
    internal int? MetricsPort { get; init; }

    /// <summary>Cards and loops run in virtual time, at these costs; null for real time.</summary>
    internal VirtualTime? VirtualTime { get; init; }

    /// <summary>What the command does besides moving packets.</summary>
    internal IMeasuredWork? Work { get; init; }

    /// <summary>Creates the loops for warm-up, if that differs from creating the real ones.</summary>
    internal Func<NetworkDevice[], PacketLoop[]>? WarmUp { get; init; }
}

/// <summary>
/// The course of a command that moves packets: open, warm up, start, wait for links and traffic, measure, drain, close,
/// report.
/// </summary>
internal static class Measurement
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1), s_look = TimeSpan.FromMilliseconds(200),
        s_longestSilence = TimeSpan.FromMilliseconds(300);

    /// <summary>Runs loops over devices and reports.</summary>
    /// <param name="settings">How long to measure, and how to report.</param>
    /// <param name="specifiers">The devices.</param>
    /// <param name="options">How to open them.</param>
    /// <param name="createLoops">Creates the loops, one for each thread; called twice, the first time with devices for
    /// warm-up.</param>
    /// <param name="afterWarmUp">Releases what the warm-up used; its devices are closed by then.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(
        MeasurementSettings settings, string[] specifiers, NetworkDeviceOptions options, Func<NetworkDevice[],
        PacketLoop[]> createLoops,
        Action? afterWarmUp = null)
    {
        // With --json, standard output contains only the one object.
        bool isTaken = settings.Json || settings.OutputIsTaken;
        var screen = new Screen(
            isTaken ? Console.Error : Console.Out, isTaken ? Console.IsErrorRedirected : Console.IsOutputRedirected);
        using var stop = new StopRequest();
        using var metrics = MetricsServer.Start(settings.MetricsPort);
        Report report;
        var world = settings.VirtualTime is { } time ? new VirtualWorld(time.Seed, Filming.Recorder) : null;
        using (var group = new DeviceGroup(specifiers, world))
        {
            // Everything slow comes first: what a card receives before somebody listens is lost. Virtual time waits for
            // the JIT.
            var createWarmUp = settings.WarmUp ?? createLoops;
            if (world is null && Filming.Recorder is null)
                WarmUp.Run(group, options, createWarmUp, cards => WarmUpRates(cards, screen.Invisible()), stop);
            afterWarmUp?.Invoke();
            group.Start(options);
            metrics?.Show();
            foreach (var device in group.Devices)
                screen.WriteLine($"{device.Name}: {device.DriverName}, MAC address {device.MacAddress}");
            report = Measure(group, world, settings, createLoops, stop, screen, metrics);
        }
        // Now the cards are shut down, and what they saw meanwhile counts as well.
        report.Print(screen);
        if (settings.Json) Console.Out.WriteLine(report.ToJson());
        if (settings.Work?.Fault is { } fault) Console.Error.WriteLine($"ixy: {fault}");
        bool failed = report.IsOfALoss || report.WireFaults.Any() || report.HasStuckRings;
        return failed || settings.Work?.Fault is not null ? 1 : 0;
    }

    // Showing rates for the first time keeps the JIT busy for longer than a ring takes to fill, and it would take time
    // from the loop's core. So this is repeated here until nothing is left to compile.
    private static void WarmUpRates(DeviceGroup group, Screen invisible)
    {
        const int Times = 40;
        var rates = new RateMeter(group, new long[group.Devices.Count]);
        invisible.ShowRates(show =>
        {
            for (int second = 1; second <= Times; second++) show(second, rates.Read());
        });
    }

    private static Report Measure(
        DeviceGroup group, VirtualWorld? world, MeasurementSettings settings,
        Func<NetworkDevice[], PacketLoop[]> createLoops, StopRequest stop, Screen screen, MetricsServer? metrics)
    {
        using var loops = new LoopGroup(createLoops([.. group.Devices]), group.Devices);
        // If the far end does not wait, the first frames come with the link.
        if (world is null) loops.Start();
        else loops.Start(world, settings.VirtualTime!);
        bool linked = false;
        try
        {
            linked = group.WaitForLinks(stop);
            if (linked) settings.Work?.LinksAreUp();
            // Not before the command is sure to run: an error must be the only line.
            if (DmaArena.Note is { } note) Console.Error.WriteLine($"ixy: note: {note}");
            if (metrics is not null) Console.Error.WriteLine($"ixy: metrics: {metrics.Address}");
            // This thread has little to do, but when it runs, a loop on the same core stands still: so not the first
            // loop's core.
            if (world is null) ThreadPlacement.PinToLastCore();
            if (!settings.CountsFromOpening) group.StartCounting();
            if (linked) MeasureTraffic(group, loops, settings, stop, screen);
        }
        catch (PciDeviceException error) when (loops.TryLose(error))
        {
            // The run still ends in order, and with its report.
        }
        loops.StopMeasuring();
        group.StopSending();
        loops.Finish();
        var counted = group.ReadAtTheEnd(loops.TryLose);
        settings.Work?.Finish(counted);
        Report report;
        try
        {
            report = new(settings, group, counted, loops, wasMeasured: linked);
        }
        catch (PciDeviceException error) when (!loops.HasLost && loops.TryLose(error))
        {
            // It has asked a card why nothing moved. Of a loss it says no more than that.
            report = new(settings, group, counted, loops, wasMeasured: linked);
        }
        // At once: what comes now is shutting down, and the report.
        if (loops.Loss is { } loss) Program.Fail(Program.Describe(loss), exitCode: 1);
        return report;
    }

    private static void MeasureTraffic(
        DeviceGroup group, LoopGroup loops, MeasurementSettings settings, StopRequest stop, Screen screen)
    {
        // Counters are already running, the clock starts only now: the far end in another process begins a moment after
        // the link is up.
        if (group.AnyElsewhere) group.WaitForTraffic(s_longestSilence, stop);
        loops.Measure();
        group.StartSending();
        Watch(group, loops, settings, stop, screen);
    }

    private static void Watch(
        DeviceGroup group, LoopGroup loops, MeasurementSettings settings, StopRequest stop, Screen screen)
    {
        var duration = settings.Duration;
        long start = loops.Clock.GetTimestamp();
        var rates = new RateMeter(group, loops.Dropped);
        bool isNoted = false;
        screen.ShowRates(show =>
        {
            for (int second = 1; ;)
            {
                var next = s_second * second;
                var wait = (duration is { } end && end < next ? end : next) - loops.Clock.GetElapsedTime(start);
                if (loops.WaitForEnd(wait < s_look ? wait : s_look, stop)) return;
                group.ThrowIfGone();
                if (!isNoted && settings.Work?.Note is { } note)
                {
                    Console.Error.WriteLine($"ixy: note: {note}");
                    isNoted = true;
                }
                var elapsed = loops.Clock.GetElapsedTime(start);
                if (duration <= elapsed) return;
                if (elapsed >= next) show(second++, rates.Read());
            }
        });
    }
}
