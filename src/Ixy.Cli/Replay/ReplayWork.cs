using Ixy.Captures;
using Ixy.Cli.Output;
using Ixy.Virtio;

namespace Ixy.Cli.Replay;

/// <summary>The capture that <c>ixy replay</c> sends, and its part of the report.</summary>
internal sealed class ReplayWork(string path, ReplaySpeed speed, long passes, int maxFrameSize, int batchSize) : IMeasuredWork, IDisposable
{
    // Beside those in the transmit ring, the largest of which has 4,096 descriptors.
    private const int PoolSize = 8192;

    // Ethernet header and a VLAN tag, which an MTU does not count.
    private const int HeaderAndTag = 18;

    private readonly List<IDisposable> _parts = [];
    private ReplayLoop? _loop;
    private int _longestFrame;

    /// <inheritdoc/>
    public string? Fault => null;

    /// <inheritdoc/>
    public string? Summary => null;

    /// <summary>Refuses a file that is no capture, before any device is touched.</summary>
    /// <exception cref="CaptureFormatException">It is none.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal void Verify()
    {
        if (path == "-") return;
        try
        {
            CaptureReader.Open(path).Dispose();
        }
        catch (Exception error) when (error is UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException($"the capture cannot be read: {Program.Describe(error)}", error);
        }
    }

    /// <summary>A loop that sends a few frames again and again, as fast as it can, for practice.</summary>
    internal PacketLoop[] Practise(NetworkDevice[] devices)
    {
        byte[] capture = PracticeCapture.Create();
        return [Create(devices[0], () => CaptureReader.Open(new MemoryStream(capture), "practice"), long.MaxValue, ReplaySpeed.Parse("max"), 1518)];
    }

    /// <summary>The loop that sends the capture.</summary>
    internal PacketLoop[] Start(NetworkDevice[] devices)
    {
        _longestFrame = devices[0] is VirtioDevice { Mtu: { } mtu } ? Math.Min(maxFrameSize, mtu + HeaderAndTag) : maxFrameSize;
        _loop = Create(devices[0], () => CaptureReader.Open(path), passes, speed, _longestFrame);
        return [_loop];
    }

    /// <inheritdoc/>
    public void Finish(IReadOnlyList<DeviceStatistics> counted)
    {
    }

    /// <inheritdoc/>
    public void Print(Screen screen)
    {
        if (_loop!.TooLong > 0)
            screen.Alert($"{_loop.TooLong:N0} frames were left out: they are longer than {_longestFrame} bytes (--max-frame-size, or the device's MTU)");
        if (_loop.TooShort > 0)
            screen.Alert($"{_loop.TooShort:N0} frames were left out: they are shorter than an Ethernet header, {ReplayLoop.ShortestFrame} bytes");
    }

    /// <inheritdoc/>
    public ReportJson AddTo(ReportJson report) => report with { Replay = new(path, _loop!.Sent, _loop.TooLong, _loop.TooShort) };

    public void Dispose()
    {
        foreach (var part in _parts) part.Dispose();
        _parts.Clear();
    }

    private ReplayLoop Create(NetworkDevice device, Func<CaptureReader> open, long times, ReplaySpeed at, int longestFrame)
    {
        var pool = new PacketPool(new() { Count = PoolSize, BufferSize = (longestFrame + 63) / 64 * 64, Name = "packets to replay" });
        _parts.Add(pool);
        var source = new CaptureReadAhead(open, times);
        _parts.Add(source);
        return new(device, pool, source, new(at), longestFrame, batchSize);
    }
}
