using System.Runtime.InteropServices;
using Ixy.Captures;
using Ixy.Vfio;

namespace Ixy.Simulation.Wires;

/// <summary>
/// A capture in, a capture out: the card receives each frame of one file once, and what it sends is written to another.
/// </summary>
/// <remarks>
/// <para>
/// The input, pcap or pcapng, is read into memory before the card starts, so that the device thread never waits for a
/// disk. Frames below 60 bytes are padded with zeros, as a sender's MAC does. A wire does not wait for the receiver:
/// when the card's rings and packet buffer are full, frames are missed. So they are sent at a rate that a driver keeps
/// up with easily, <see cref="DefaultRate"/>, unless another is given; the timestamps in the file are not used.
/// </para>
/// <para>
/// The output is pcapng with timestamps in nanoseconds. It is complete when the wire is disposed, and until then at
/// most a second behind. If it fails (disk full), <see cref="Wire.Fault"/> says so and the frames count as dropped.
/// </para>
/// </remarks>
internal sealed class PcapWire : Wire
{
    /// <summary>1 Mpps.</summary>
    internal static readonly PacketRate DefaultRate = PacketRate.FromPackets(1_000_000);

    private const int ShortestFrame = 60, LongestFrame = 15_996, EthernetHeader = 14;
    private const long FlushInterval = 1_000_000_000;

    private readonly byte[][] _frames;
    private readonly string? _outputPath;
    private readonly TimeProvider _clock;
    private PcapngWriter? _output;
    private Pacer _pacer;
    private long _flushAt, _clockOffset;
    private int _next, _end;
    private bool _diskIsFull;

    /// <inheritdoc/>
    public override bool LeadsOut => true;

    internal override bool WritesFile => _outputPath is not null;

    /// <param name="input">Capture to send to the card, or null.</param>
    /// <param name="output">Capture to write, or null.</param>
    /// <param name="rate">The rate at which frames are sent.</param>
    /// <param name="clock">The time of day; the machine's clock if null.</param>
    /// <exception cref="DeviceSpecifierException">
    /// A file cannot be read or created, or the input cannot be sent.
    /// </exception>
    internal PcapWire(string? input, string? output, PacketRate rate, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        if (input is not null && output is not null && Path.GetFullPath(input) == Path.GetFullPath(output))
            throw new DeviceSpecifierException(
                $"{input} cannot be read and overwritten at once: expected pcap:IN>OUT with two files");
        _frames = input is null ? [] : Opened(input, Load);
        _end = _frames.Length;
        _pacer = new Pacer(rate);
        _outputPath = output;
        if (output is not null) _output = Opened(output, PcapngWriter.Create);
    }

    /// <inheritdoc/>
    public override void StopSending() => Volatile.Write(ref _end, 0);

    /// <inheritdoc/>
    public override void StartSending() => Volatile.Write(ref _end, _frames.Length);

    // The next write fails, and the card's next turn makes one.
    internal override void FillDisk() => (_diskIsFull, _flushAt) = (true, 0);

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        errors = FrameErrors.None;
        if (_output is not null && now >= _flushAt) FlushOutput(now);
        if (_next >= Volatile.Read(ref _end) || !_pacer.TryTake(now, _frames[_next].Length)) return [];
        Statistics.Sent++;
        return _frames[_next++];
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame, long now)
    {
        Statistics.Received++;
        if (_output is null)
        {
            if (_outputPath is not null) Statistics.Dropped++;
            return;
        }
        if (_clockOffset == 0)
            _clockOffset = (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick - now;
        try
        {
            RequireRoom();
            _output.Write(frame, now + _clockOffset);
        }
        catch (IOException error)
        {
            Statistics.Dropped++;
            OutputFailed(error);
        }
    }

    /// <summary>Completes and closes the output.</summary>
    /// <exception cref="IOException">It cannot be completed.</exception>
    public override void Dispose()
    {
        _output?.Dispose();
        _output = null;
        base.Dispose();
    }

    private void FlushOutput(long now)
    {
        _flushAt = now + FlushInterval;
        try
        {
            RequireRoom();
            _output!.Flush();
        }
        catch (IOException error)
        {
            OutputFailed(error);
        }
    }

    private void RequireRoom()
    {
        const int NoSpaceLeft = 28;
        if (_diskIsFull) throw new IOException($"{Marshal.GetPInvokeErrorMessage(NoSpaceLeft)} : '{_outputPath}'");
    }

    private void OutputFailed(IOException error)
    {
        Fault = $"the capture {_outputPath} is incomplete: {error.Message}";
        _output!.Abandon();
        _output = null;
    }

    private static byte[][] Load(string path)
    {
        using var reader = CaptureReader.Open(path);
        var frames = new List<byte[]>();
        while (reader.Read(out var frame))
        {
            if (frame.Length is < EthernetHeader or > LongestFrame)
            {
                throw new DeviceSpecifierException(
                    $"{path}: frame {reader.FrameNumber} has {frame.Length} bytes: expected {EthernetHeader} to "
                    + $"{LongestFrame}");
            }
            var copy = new byte[Math.Max(frame.Length, ShortestFrame)];
            frame.CopyTo(copy);
            frames.Add(copy);
        }
        return [.. frames];
    }

    private static T Opened<T>(string path, Func<string, T> open)
    {
        try
        {
            return open(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CaptureFormatException
            or ArgumentException)
        {
            throw new DeviceSpecifierException(error.Message, error);
        }
    }
}
