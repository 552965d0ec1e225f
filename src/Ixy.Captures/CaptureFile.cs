using Ixy.Captures.Buffering;
using Ixy.Captures.Formats;

namespace Ixy.Captures;

/// <summary>
/// Frames of an interface and what became of them. Once the file is complete, written and dropped add up to received.
/// </summary>
/// <param name="Received">Given to <see cref="CaptureFile.Write"/>.</param>
/// <param name="Written">In the file.</param>
/// <param name="Dropped">Lost because every buffer was full (the disk is too slow), or the disk failed.</param>
public readonly record struct CaptureCounts(long Received, long Written, long Dropped);

/// <summary>
/// A pcapng file written by its own thread: the thread that receives packets copies them into large buffers and never
/// waits for the disk. When the disk falls so far behind that no buffer is free, frames are dropped and counted. Memory
/// is allocated once, not per frame. One thread at a time may write.
/// </summary>
public sealed class CaptureFile : IDisposable
{
    // The longest time, in nanoseconds, before a reader of a pipe sees a frame.
    private const long OldestWaiting = 100_000_000;

    private readonly CaptureOutput _output;
    private readonly BufferExchange<CaptureBuffer> _buffers;
    private readonly Thread _writer;
    private readonly CaptureClock _clock;
    private readonly long[] _received, _dropped, _lastTime;
    private readonly int _snapLength;
    private readonly bool _waitsForDisk;
    private CaptureBuffer? _current;
    private bool _isComplete;

    /// <summary>Starts a file; owns <paramref name="stream"/>.</summary>
    /// <param name="stream">A file or a pipe.</param>
    /// <param name="interfaces">The interfaces frames are captured at.</param>
    /// <param name="options">Buffer sizes and other options.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public CaptureFile(Stream stream, IReadOnlyList<CaptureInterface> interfaces, CaptureFileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(interfaces);
        options ??= new();
        options.Validate();
        (_clock, _snapLength, _waitsForDisk) = (new(options.Clock), options.SnapLength, options.WaitsForDisk);
        _received = new long[interfaces.Count];
        _dropped = new long[interfaces.Count];
        _lastTime = new long[interfaces.Count];
        _buffers = new(
            [.. Enumerable.Range(0, options.BufferCount)
            .Select(_ => new CaptureBuffer(options.BufferSize, interfaces.Count))]);
        _output = new CaptureOutput(stream, PcapngBlocks.Header(interfaces, _snapLength), interfaces.Count);
        StartTime = _clock.Now;
        _writer = new Thread(WriteBuffers) { Name = "capture file", IsBackground = true };
        _writer.Start();
    }

    /// <summary>When the capture began: nanoseconds since 1970, UTC.</summary>
    public long StartTime { get; }

    /// <summary>
    /// Nanoseconds since 1970, UTC, on the capture's own clock: the time to pass to <see cref="Write"/>.
    /// </summary>
    public long Now => _clock.Now;

    /// <summary>
    /// Why the file can no longer be written; null while it can. Frames passed to <see cref="Write"/> after that are
    /// dropped. For any thread.
    /// </summary>
    public Exception? Failure => _output.Failure;

    /// <summary>Bytes in the file so far. For any thread.</summary>
    public long Length => _output.Length;

    /// <summary>Creates a file, replacing an existing one.</summary>
    /// <exception cref="IOException">It cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not create it.</exception>
    public static CaptureFile Create(
        string path, IReadOnlyList<CaptureInterface> interfaces, CaptureFileOptions? options = null) =>
        new(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0), interfaces,
            options);

    /// <summary>
    /// Updates the interfaces with what was not known when the file was started, such as the speed of links that were
    /// down. For any thread, until the first frames are handed to the file: a full buffer, or frames that have waited
    /// for 100 ms.
    /// </summary>
    /// <param name="interfaces">All of them, in the same order.</param>
    /// <returns>False if it is too late: the file says what was known at the start.</returns>
    /// <exception cref="ArgumentException">The number of interfaces is different.</exception>
    public bool TryDescribe(IReadOnlyList<CaptureInterface> interfaces)
    {
        ArgumentNullException.ThrowIfNull(interfaces);
        if (interfaces.Count != _received.Length)
        {
            throw new ArgumentException(
                $"{interfaces.Count} interfaces are described, expected the {_received.Length} that the file was "
                + "started with", nameof(interfaces));
        }
        return _output.TryReplaceHeader(PcapngBlocks.Header(interfaces, _snapLength));
    }

    /// <summary>Copies frames that were received together; never waits. The caller keeps the packets.</summary>
    /// <param name="interfaceId">The interface's index in the list the file was started with.</param>
    /// <param name="packets">The frames.</param>
    /// <param name="time">The time, from <see cref="Now"/>; if it is before the interface's last frame, that frame's
    /// time is used.</param>
    /// <returns>How many will be in the file, unless it fails; the rest are dropped.</returns>
    public int Write(int interfaceId, ReadOnlySpan<Packet> packets, long time)
    {
        time = Math.Max(time, _lastTime[interfaceId]);
        _lastTime[interfaceId] = time;
        int taken = 0;
        foreach (ref readonly var packet in packets)
        {
            if (TryAdd(interfaceId, time, packet.Data)) taken++;
        }
        Add(ref _received[interfaceId], packets.Length);
        Add(ref _dropped[interfaceId], packets.Length - taken);
        return taken;
    }

    /// <summary>
    /// Flushes frames that have waited in memory for more than 100 ms. For the writing thread, whenever it is idle.
    /// </summary>
    public void WriteOld()
    {
        if (_current is { Length: > 0 } waiting && _clock.Now - waiting.Since > OldestWaiting && _buffers.IsIdle)
            HandOver();
    }

    /// <summary>
    /// What has become of an interface's frames so far; final after <see cref="Complete"/>. For any thread.
    /// </summary>
    public CaptureCounts Counts(int interfaceId)
    {
        var (written, lost) = _output.Counts(interfaceId);
        return new(Volatile.Read(ref _received[interfaceId]), written, Volatile.Read(ref _dropped[interfaceId]) + lost);
    }

    /// <summary>
    /// Waits until everything is written, adds the statistics of each interface and closes the file. If the disk
    /// failed, the file is truncated after its last whole frame if possible (a pipe cannot be); <see cref="Failure"/>
    /// says why.
    /// </summary>
    /// <param name="received">Per interface, what its card received (isb_ifrecv) and missed (isb_ifdrop); null to omit
    /// it.</param>
    public void Complete(IReadOnlyList<DeviceStatistics>? received = null)
    {
        if (_isComplete) return;
        _isComplete = true;
        HandOver();
        _buffers.Complete();
        _writer.Join();
        long end = _clock.Now;
        _output.Close(
            [.. Enumerable.Range(0, _received.Length)
            .SelectMany(i => PcapngBlocks.Statistics(i, Statistics(i, end, received)))]);
    }

    /// <summary>Completes the file, if that was not done.</summary>
    public void Dispose() => Complete();

    private bool TryAdd(int interfaceId, long time, ReadOnlySpan<byte> frame)
    {
        int captured = Math.Min(frame.Length, _snapLength);
        if (_current is not null && _current.TryAdd(interfaceId, time, frame, captured)) return true;
        HandOver();
        if (_waitsForDisk) _current = _buffers.TakeEmpty();
        else _buffers.TryTakeEmpty(out _current);
        // The smallest buffer must hold the longest frame.
        return _current is not null && _current.TryAdd(interfaceId, time, frame, captured);
    }

    private void HandOver()
    {
        if (_current is not null) _buffers.GiveFull(_current);
        _current = null;
    }

    private void WriteBuffers()
    {
        while (_buffers.TakeFull() is { } buffer)
        {
            _output.Write(buffer);
            buffer.Clear();
            _buffers.GiveEmpty(buffer);
        }
    }

    private CaptureStatistics Statistics(int i, long end, IReadOnlyList<DeviceStatistics>? received)
    {
        var counts = Counts(i);
        return new()
        {
            StartTime = StartTime,
            EndTime = end,
            Received = received?[i].RxPackets + received?[i].RxMissed,
            Missed = received?[i].RxMissed + received?[i].RxDropped,
            Dropped = counts.Dropped,
            Written = counts.Written,
        };
    }

    // One thread writes, others read.
    private static void Add(ref long counter, int count) => Volatile.Write(ref counter, counter + count);
}
