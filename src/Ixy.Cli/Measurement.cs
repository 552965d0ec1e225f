using Ixy.Cli.Metrics;
using Ixy.Cli.Output;
using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>How long to measure, and how to report.</summary>
internal sealed record MeasurementSettings(string Command, TimeSpan? Duration, bool Json)
{
    /// <summary>Standard output belongs to something else, a capture: nothing is printed there.</summary>
    internal bool OutputIsTaken { get; init; }

    /// <summary>
    /// All that a card does counts, from when it is opened: in a capture is what came before the measured part, too.
    /// </summary>
    internal bool CountsFromOpening { get; init; }

    /// <summary>Where metrics are served; null for nowhere.</summary>
    internal int? MetricsPort { get; init; }

    /// <summary>Cards and loops run in virtual time, at these costs; null for real time.</summary>
    internal VirtualTime? VirtualTime { get; init; }

    /// <summary>What the command does besides moving packets.</summary>
    internal IMeasuredWork? Work { get; init; }

    /// <summary>Makes the loops to practise with, where they are not made as the real ones are.</summary>
    internal Func<NetworkDevice[], PacketLoop[]>? Practice { get; init; }
}

/// <summary>
/// The course of a command that moves packets: open, practise, start, wait for links and traffic, measure, drain,
/// close, report.
/// </summary>
internal static class Measurement
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1), s_look = TimeSpan.FromMilliseconds(200),
        s_longestSilence = TimeSpan.FromMilliseconds(300);

    /// <summary>Runs loops over devices and reports.</summary>
    /// <param name="settings">How long and how to report.</param>
    /// <param name="specifiers">The devices.</param>
    /// <param name="options">How to open them.</param>
    /// <param name="createLoops">Makes the loops, one for each thread; called twice, the first time with devices to
    /// practise on.</param>
    /// <param name="afterPractice">Releases what the loops have practised with; its devices are closed by then.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(
        MeasurementSettings settings, string[] specifiers, NetworkDeviceOptions options, Func<NetworkDevice[],
        PacketLoop[]> createLoops,
        Action? afterPractice = null)
    {
        // With --json standard output belongs to the one object.
        bool isTaken = settings.Json || settings.OutputIsTaken;
        var screen = new Screen(
            isTaken ? Console.Error : Console.Out, isTaken ? Console.IsErrorRedirected : Console.IsOutputRedirected);
        using var stop = new StopRequest();
        using var metrics = MetricsServer.Start(settings.MetricsPort);
        Report report;
        var world = settings.VirtualTime is { } time ? new VirtualWorld(time.Seed, Filming.Recorder) : null;
        using (var ports = new Ports(specifiers, world))
        {
            // All that takes time comes first: what a card receives before somebody listens is lost. Virtual time waits
            // for the JIT.
            var practice = settings.Practice ?? createLoops;
            if (world is null && Filming.Recorder is null)
                PracticeRun.Run(ports, options, practice, cards => Rehearse(cards, screen.Invisible()), stop);
            afterPractice?.Invoke();
            ports.Start(options);
            metrics?.Show();
            foreach (var device in ports.Devices)
                screen.WriteLine($"{device.Name}: {device.DriverName}, MAC address {device.MacAddress}");
            report = Measure(ports, world, settings, createLoops, stop, screen, metrics);
        }
        // Now the cards are shut down, and what they saw while that was done counts too.
        report.Print(screen);
        if (settings.Json) Console.Out.WriteLine(report.ToJson());
        if (settings.Work?.Fault is { } fault) Console.Error.WriteLine($"ixy: {fault}");
        bool failed = report.IsOfALoss || report.WireFaults.Any() || report.HasStuckRings;
        return failed || settings.Work?.Fault is not null ? 1 : 0;
    }

    // Showing rates for the first time keeps the JIT busy for longer than a ring takes to fill, and it would take
    // the time from the loop's core. So it is done often enough here that nothing is left to translate.
    private static void Rehearse(Ports ports, Screen invisible)
    {
        const int Times = 40;
        var rates = new RateMeter(ports, new long[ports.Devices.Count]);
        invisible.ShowRates(show =>
        {
            for (int second = 1; second <= Times; second++) show(second, rates.Read());
        });
    }

    private static Report Measure(
        Ports ports, VirtualWorld? world, MeasurementSettings settings, Func<NetworkDevice[], PacketLoop[]> createLoops,
        StopRequest stop, Screen screen, MetricsServer? metrics)
    {
        using var loops = new LoopGroup(createLoops([.. ports.Devices]), ports.Devices);
        // Where the far end waits for nobody, the first frames come with the link.
        if (world is null) loops.Start();
        else loops.Start(world, settings.VirtualTime!);
        bool linked = ports.WaitForLinks(stop);
        if (linked) settings.Work?.LinksAreUp();
        // Not before it is sure that the command runs: an error is to be the only line.
        if (DmaArena.Note is { } note) Console.Error.WriteLine($"ixy: note: {note}");
        if (metrics is not null) Console.Error.WriteLine($"ixy: metrics: {metrics.Address}");
        // This thread has little to do, but where it does it the other stands still: not on the first loop's core.
        if (world is null) ThreadPlacement.PinToLastCore();
        if (!settings.CountsFromOpening) ports.StartCounting();
        if (linked)
        {
            // Counters run already, the clock only now: the far end of another process begins a moment after the link
            // has come up.
            if (ports.AnyElsewhere) ports.WaitForTraffic(s_longestSilence, stop);
            loops.Measure();
            ports.StartSending();
            try
            {
                Watch(ports, loops, settings, stop, screen);
            }
            catch (PciDeviceException error) when (loops.TryLose(error))
            {
                // The run ends in order all the same, and with its report.
            }
        }
        loops.StopMeasuring();
        ports.StopSending();
        loops.Finish();
        var counted = ports.ReadAtTheEnd(loops.TryLose);
        // At once: what comes now is shutting down, and the report.
        if (loops.Loss is { } loss) Program.Fail(Program.Describe(loss), exitCode: 1);
        settings.Work?.Finish(counted);
        return new Report(settings, ports, counted, loops, wasMeasured: linked);
    }

    private static void Watch(
        Ports ports, LoopGroup loops, MeasurementSettings settings, StopRequest stop, Screen screen)
    {
        var duration = settings.Duration;
        long start = loops.Clock.GetTimestamp();
        var rates = new RateMeter(ports, loops.Dropped);
        bool isNoted = false;
        screen.ShowRates(show =>
        {
            for (int second = 1; ;)
            {
                var next = s_second * second;
                var wait = (duration is { } end && end < next ? end : next) - loops.Clock.GetElapsedTime(start);
                if (loops.WaitForEnd(wait < s_look ? wait : s_look, stop)) return;
                ports.ThrowIfGone();
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
