using Ixy.Captures;
using Ixy.Cli.Metrics;
using Ixy.Cli.Output;

namespace Ixy.Cli.Capture;

/// <summary>The capture of <c>ixy pcap</c>: its loops, its end and its part of the report.</summary>
internal sealed class CaptureWork(CaptureTarget target, CaptureFileOptions options, int batchSize, long count)
    : IMeasuredWork, IDisposable
{
    private readonly List<CaptureFile> _forWarmUp = [];
    private NetworkDevice[] _devices = [];
    private CaptureFile? _capture;
    private CaptureMeter? _meter;
    private CaptureLoop? _loop;

    /// <inheritdoc/>
    public string? Fault => _capture?.Failure is { } failure && !ReaderHasGone
        ? $"{Place}: {Reason(failure)}: the capture is incomplete; make room, or keep less of each packet (--snaplen)"
        : null;

    /// <inheritdoc/>
    public string? Summary
    {
        get
        {
            long written = _devices.Select((_, i) => _capture!.Counts(i).Written).Sum();
            return $"captured {written:N0} packets to {Place}: {_capture!.Length:N0} bytes";
        }
    }

    // The reader of a pipe may have seen enough: that is not an error.
    private bool ReaderHasGone => _capture?.Failure is { } failure && StandardOutput.ReaderHasGone(failure);

    private string Place => CaptureTarget.IsStandardOutput(target.Path) ? "standard output" : target.Path;

    // The operating system's own words: the base class library adds the path before or after.
    private static string Reason(Exception failure) =>
        Program.Describe(failure.InnerException ?? failure).Split(" : '")[0];

    /// <summary>A loop that captures to nowhere, for warm-up.</summary>
    internal PacketLoop[] CreateWarmUp(NetworkDevice[] devices)
    {
        var nowhere = new CaptureFile(Stream.Null, Describe(devices), options with { BufferCount = 4 });
        _forWarmUp.Add(nowhere);
        return [new CaptureLoop(devices, nowhere, batchSize, long.MaxValue)];
    }

    /// <summary>The loop that captures. Its file is started here.</summary>
    internal PacketLoop[] Start(NetworkDevice[] devices)
    {
        _devices = devices;
        var clock = devices[0].PciDevice.Clock;
        // Real time does not wait for a disk, and virtual time must not depend on one.
        _capture = target.Start(
            Describe(devices), options with { Clock = clock, WaitsForDisk = clock != TimeProvider.System });
        _meter = new CaptureMeter(_capture, devices);
        _loop = new CaptureLoop(devices, _capture, batchSize, count);
        return [_loop];
    }

    // Now the links' speed is known. If frames came so fast that the file has begun, it stays unknown.
    /// <inheritdoc/>
    public void LinksAreUp() => _ = _capture!.TryDescribe(Describe(_devices));

    /// <inheritdoc/>
    public void Finish(IReadOnlyList<DeviceStatistics> counted) => _capture!.Complete(counted);

    /// <inheritdoc/>
    public void Print(Screen screen)
    {
        var interfaces = ToJson().Interfaces;
        screen.WriteTable(
            ["captured at", "received", "written", "dropped", "after the end"],
            [.. interfaces.Select(found => new[]
            {
                found.Device, $"{found.Received:N0}", $"{found.Written:N0}", $"{found.Dropped:N0}",
                    $"{found.AfterEnd:N0}",
            })]);
        if (ReaderHasGone) screen.WriteLine("who read the capture has gone");
        else if (interfaces.Any(found => found.Dropped > 0) && Fault is null)
            screen.Alert(
                "packets were dropped: the disk, or who reads the pipe, is too slow; less is written with --snaplen");
        screen.WriteLine();
    }

    /// <inheritdoc/>
    public ReportJson AddTo(ReportJson report) => report with { Capture = ToJson() };

    public void Dispose()
    {
        foreach (var nowhere in _forWarmUp) nowhere.Dispose();
        _forWarmUp.Clear();
        _meter?.Dispose();
        _capture?.Dispose();
    }

    private CaptureJson ToJson() => new(target.Path, _capture!.Length, [.. _devices.Select(ToJson)], Fault);

    private CapturedJson ToJson(NetworkDevice device, int i)
    {
        var counts = _capture!.Counts(i);
        return new(device.Name, counts.Received, counts.Written, counts.Dropped, _loop!.AfterEnd[i]);
    }

    private static CaptureInterface[] Describe(NetworkDevice[] devices) => [.. devices.Select(CaptureInterface.Of)];
}
