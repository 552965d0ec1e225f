using Ixy.Captures;
using Ixy.Cli.Output;

namespace Ixy.Cli.Replay;

/// <summary>The capture that <c>ixy replay</c> sends, and its part of the report.</summary>
internal sealed class ReplayWork(string path, ReplaySettings settings, int maxFrameSize, int batchSize)
    : IMeasuredWork, IDisposable
{
    // Besides those in the transmit ring, which has at most 4,096 descriptors.
    private const int PoolSize = 8192;

    private const int ReadLength = 1 << 16;

    // A VLAN tag, which does not count towards the longest frame, and one more byte.
    private const int BeyondLongest = 5;

    private readonly List<IDisposable> _parts = [];
    private CaptureReader? _opened;
    private ReplayLoop? _loop;

    /// <inheritdoc/>
    public string? Fault => _loop?.Failure is { } failure ? DescribeAsUnreadable(failure) : null;

    /// <inheritdoc/>
    public string? Summary => null;

    /// <inheritdoc/>
    public string? Note => _loop?.LongWait is { Ticks: > 0 } wait
        ? $"the next packet is due in {TimeSpan.FromSeconds(Math.Round(wait.TotalSeconds))}, as the times in the "
        + "capture " +
          "say: --max-gap bounds such gaps"
        : null;

    /// <summary>Opens the file; refuses one that is not a capture, before any device is touched.</summary>
    /// <exception cref="CaptureFormatException">It is not a capture.</exception>
    /// <exception cref="IOException">It cannot be read, or not as often as requested.</exception>
    internal void Open()
    {
        if (path == "-") return;
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, ReadLength);
            // From here on the reader owns it.
            _opened = stream.CanSeek || settings.Passes == 1
                ? CaptureReader.Open(stream, path)
                : throw OnlyOnce(stream);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException(DescribeAsUnreadable(error), error);
        }
    }

    /// <summary>A loop that sends a few frames again and again, as fast as it can, for warm-up.</summary>
    internal PacketLoop[] CreateWarmUp(NetworkDevice[] devices)
    {
        byte[] capture = WarmUpCapture.Create();
        var endless = new ReplaySettings(ReplaySpeed.Parse("max"), long.MaxValue);
        return [Create(devices[0], () => CaptureReader.Open(new MemoryStream(capture), "warm-up"), endless, 1518)];
    }

    /// <summary>The loop that sends the capture.</summary>
    internal PacketLoop[] Start(NetworkDevice[] devices)
    {
        // Data read from a pipe does not come again, so the first pass continues after the file's header.
        _loop = Create(devices[0], OpenPass, settings, maxFrameSize);
        return [_loop];
    }

    private ReplayJson ToJson() => new(path, _loop!.Sent, _loop.TooLong, _loop.TooShort, _loop.Filled, Fault);

    private CaptureReader OpenPass()
    {
        var reader = Interlocked.Exchange(ref _opened, null) ?? CaptureReader.Open(path);
        reader.FillsCutFrames = settings.Pad;
        return reader;
    }

    /// <inheritdoc/>
    public void Finish(IReadOnlyList<DeviceStatistics> counted)
    {
    }

    /// <inheritdoc/>
    public void Print(Screen screen)
    {
        if (_loop!.Filled > 0)
            screen.Alert($"{_loop.Filled:N0} frames were cut when they were captured, and filled with zeroes (--pad)");
    }

    /// <inheritdoc/>
    public ReportJson AddTo(ReportJson report) => report with { Replay = ToJson() };

    /// <summary>Releases what the warm-up used.</summary>
    internal void EndWarmUp()
    {
        foreach (var part in _parts) part.Dispose();
        _parts.Clear();
    }

    public void Dispose()
    {
        EndWarmUp();
        _opened?.Dispose();
    }

    // The format's own errors name the file.
    private static string DescribeAsUnreadable(Exception error) =>
        error is CaptureFormatException ? Program.Describe(error)
        : $"the capture cannot be read: {Program.Describe(error)}";

    private IOException OnlyOnce(FileStream stream)
    {
        stream.Dispose();
        return new($"{path} is a pipe, which can be read only once: expected a file with --loop");
    }

    private ReplayLoop Create(NetworkDevice device, Func<CaptureReader> open, ReplaySettings how, int longestFrame)
    {
        var pool = new PacketPool(
            new()
            {
                Count = PoolSize,
                BufferSize = (longestFrame + BeyondLongest + 63) / 64 * 64,
                Name = "packets to replay"
            });
        _parts.Add(pool);
        var clock = device.PciDevice.Clock;
        // Real time does not wait for a disk, and virtual time must not depend on one.
        var source = new CaptureReadAhead(
            open, how.Passes, how.LongestGapInCapture, waits: clock != TimeProvider.System);
        _parts.Add(source);
        return new(device, pool, source, new(how.Speed, clock), batchSize) { GivesUp = how.GivesUp };
    }
}
