using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using Ixy.Captures.Buffering;

namespace Ixy.Captures;

/// <summary>
/// Frames of a capture, read ahead by a separate thread into a few large buffers: the consumer never waits for a disk,
/// and files may be larger than memory. Nothing is allocated per frame. One thread at a time may take frames.
/// </summary>
public sealed class CaptureReadAhead : IDisposable
{
    private const int BufferCount = 16, BufferSize = 1 << 20, FrameHeader = 16, FilledFlag = 12;

    private readonly BufferExchange<Chunk> _chunks =
        new([.. Enumerable.Range(0, BufferCount).Select(_ => new Chunk())]);
    private readonly Func<CaptureReader> _open;
    private readonly long _passes, _longestGap;
    private readonly Thread _thread;
    private readonly bool _waits;
    private volatile bool _isRead;
    private volatile ExceptionDispatchInfo? _failure;
    private Chunk? _filling, _taking;
    private int _position;

    /// <summary>Starts reading.</summary>
    /// <param name="open">Opens the capture; called for each pass, on the reading thread.</param>
    /// <param name="passes">How many times the capture is read, at least 1.</param>
    /// <param name="longestGap">Longest time between two frames. A longer gap is shortened to this; a frame whose time
    /// is further back than this follows at once. Null keeps all times.</param>
    /// <param name="waits">The consumer waits for the disk: if there is a next frame, it is available.</param>
    public CaptureReadAhead(Func<CaptureReader> open, long passes = 1, TimeSpan? longestGap = null, bool waits = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(passes, 1);
        if (longestGap is { } gap) ArgumentOutOfRangeException.ThrowIfLessThan(gap, TimeSpan.Zero, nameof(longestGap));
        (_open, _passes, _waits) = (open, passes, waits);
        _longestGap = longestGap is { } most
            ? (long)Int128.Min(long.MaxValue, (Int128)most.Ticks * TimeSpan.NanosecondsPerTick)
            : long.MaxValue;
        _thread = new Thread(Read) { Name = "capture reader", IsBackground = true };
        _thread.Start();
    }

    /// <summary>All frames were taken.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>
    /// The frame returned by <see cref="TryPeek"/> was truncated when captured, and is padded with zeros.
    /// </summary>
    public bool IsFilled { get; private set; }

    /// <summary>
    /// Returns the next frame without taking it (see <see cref="Advance"/>); false if there is none, or none yet
    /// (<see cref="IsAtEnd"/>).
    /// </summary>
    /// <param name="frame">Without FCS; valid until the next call after <see cref="Advance"/>.</param>
    /// <param name="time">Nanoseconds after the first frame of the capture, by their timestamps; negative for a frame
    /// captured before the first. Each pass begins where the previous one ends.</param>
    /// <exception cref="CaptureFormatException">The file is damaged from here on.</exception>
    /// <exception cref="IOException">It cannot be read from here on.</exception>
    public bool TryPeek(out ReadOnlySpan<byte> frame, out long time)
    {
        frame = [];
        time = 0;
        if ((_taking is null || _position == _taking.Length) && !TryTakeChunk()) return false;
        var entry = _taking!.Bytes.AsSpan(_position);
        time = BinaryPrimitives.ReadInt64LittleEndian(entry);
        IsFilled = entry[FilledFlag] != 0;
        frame = entry.Slice(FrameHeader, BinaryPrimitives.ReadInt32LittleEndian(entry[sizeof(long)..]));
        return true;
    }

    /// <summary>Takes the frame returned by <see cref="TryPeek"/>.</summary>
    public void Advance() =>
        _position += EntryLength(
            BinaryPrimitives.ReadInt32LittleEndian(_taking!.Bytes.AsSpan(_position + sizeof(long))));

    /// <summary>Stops reading and closes the file.</summary>
    /// <remarks>Does not wait for a read of a pipe that nothing writes to.</remarks>
    public void Dispose()
    {
        _chunks.Complete();
        _thread.Join(TimeSpan.FromSeconds(1));
    }

    private static int EntryLength(int frame) => (FrameHeader + frame + 7) / 8 * 8;

    private bool TryTakeChunk()
    {
        if (_taking is not null) _chunks.GiveEmpty(_taking);
        (_taking, _position) = (null, 0);
        // Checked in this order, so that everything added before the end is seen.
        bool isRead = _isRead;
        if (_chunks.TryTakeFull(out _taking)) return true;
        if (_waits && !isRead)
        {
            _taking = _chunks.TakeFull();
            if (_taking is not null) return true;
            isRead = true;
        }
        if (isRead) _failure?.Throw();
        IsAtEnd = isRead;
        return false;
    }

    private void Read()
    {
        try
        {
            long start = 0;
            for (long pass = 0; pass < _passes && TryRead(ref start); pass++) { }
        }
        catch (Exception error)
        {
            // Reported when all frames before it are taken.
            _failure = ExceptionDispatchInfo.Capture(error);
        }
        if (_filling is not null) _chunks.GiveFull(_filling);
        _isRead = true;
        _chunks.Complete();
    }

    // One pass; false if no more passes are wanted, or there is nothing to repeat.
    private bool TryRead(ref long start)
    {
        using var reader = _open();
        long first = 0, last = start, before = start, cutOff = 0;
        while (reader.Read(out var frame))
        {
            if (reader.FrameNumber == 1) first = reader.Time;
            long time = start + Difference(reader.Time, first) - cutOff;
            long excess = Excess(time - before);
            (time, cutOff) = (time - excess, cutOff + excess);
            (before, last) = (time, Math.Max(last, time));
            if (!TryAdd(frame, time, reader.IsFilled)) return false;
        }
        start = last;
        return reader.FrameNumber > 0;
    }

    // Timestamps in a file may be anything; nobody waits for more than a century either way, and sums of that fit into
    // 64 bits.
    private static long Difference(long time, long first)
    {
        const long Century = 3_155_760_000_000_000_000;
        return (long)Int128.Clamp((Int128)time - first, -Century, Century);
    }

    // How much too far a time is from the previous one. A clock that was set back has no gap to keep.
    private long Excess(long gap) => gap > _longestGap ? gap - _longestGap : gap < -_longestGap ? gap : 0;

    private bool TryAdd(ReadOnlySpan<byte> frame, long time, bool isFilled)
    {
        int length = EntryLength(frame.Length);
        if (_filling is not null && BufferSize - _filling.Length < length)
        {
            _chunks.GiveFull(_filling);
            _filling = null;
        }
        if (_filling is null)
        {
            _filling = _chunks.TakeEmpty();
            if (_filling is null) return false;
            _filling.Length = 0;
        }
        var entry = _filling.Bytes.AsSpan(_filling.Length, length);
        BinaryPrimitives.WriteInt64LittleEndian(entry, time);
        BinaryPrimitives.WriteInt32LittleEndian(entry[sizeof(long)..], frame.Length);
        entry[FilledFlag] = (byte)(isFilled ? 1 : 0);
        frame.CopyTo(entry[FrameHeader..]);
        _filling.Length += length;
        return true;
    }

    /// <summary>
    /// Layout: time (8 bytes), length (4), padded flag (1, plus 3 unused), the bytes, rounded up to a multiple of 8.
    /// </summary>
    private sealed class Chunk
    {
        internal byte[] Bytes { get; } = GC.AllocateUninitializedArray<byte>(BufferSize);

        internal int Length { get; set; }
    }
}
