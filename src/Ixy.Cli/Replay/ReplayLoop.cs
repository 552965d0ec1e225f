using Ixy.Captures;

namespace Ixy.Cli.Replay;

/// <summary>Sends the frames of a capture when they are due, and drops what arrives meanwhile.</summary>
internal sealed class ReplayLoop : PacketLoop
{
    private static readonly TimeSpan s_unexpected = TimeSpan.FromSeconds(10);

    private readonly NetworkDevice _device;
    private readonly TransmitQueue _queue;
    private readonly PacketPool _pool;
    private readonly CaptureReadAhead _source;
    private readonly ReplaySchedule _schedule;
    private readonly Packet[] _batch, _received;
    private int _start, _end;
    private long _longWait;

    /// <param name="device">The device to send from.</param>
    /// <param name="pool">Its buffers must be longer than the longest frame the device sends.</param>
    /// <param name="source">The capture.</param>
    /// <param name="schedule">When its frames are due.</param>
    /// <param name="batchSize">Most packets per driver call.</param>
    internal ReplayLoop(
        NetworkDevice device, PacketPool pool, CaptureReadAhead source, ReplaySchedule schedule, int batchSize)
        : base(device.TransmitQueues[0])
    {
        (_device, _queue, _pool, _source, _schedule) = (device, device.TransmitQueues[0], pool, source, schedule);
        _batch = new Packet[batchSize];
        _received = new Packet[batchSize];
    }

    /// <summary>Frames given to the card; read these when the loop has ended.</summary>
    internal long Sent { get; private set; }

    /// <summary>Frames not sent because they are longer than the device can send.</summary>
    internal long TooLong { get; private set; }

    /// <summary>Frames not sent because they are shorter than any frame.</summary>
    internal long TooShort { get; private set; }

    /// <summary>Frames sent that were truncated when captured, and padded with zeros.</summary>
    internal long Filled { get; private set; }

    /// <summary>The first wait that is longer than people expect; zero if there was none. For any thread.</summary>
    internal TimeSpan LongWait => new(Volatile.Read(ref _longWait));

    /// <summary>Why the capture could not be read to its end; null if it could.</summary>
    internal Exception? Failure { get; private set; }

    protected override bool FollowsClock => true;

    protected override bool HoldsPackets => _start < _end;

    protected override int Round()
    {
        Discard();
        if (!HoldsPackets) Fill();
        int sent = SendHeld();
        if ((_source.IsAtEnd || Failure is not null) && !HoldsPackets) StopMeasuring();
        GiveUpIfStuck(HoldsPackets && sent == 0);
        return sent;
    }

    protected override int PassiveRound() => Discard() + SendHeld();

    protected override void GiveBack()
    {
        CountDropped(device: 0, _end - _start);
        PacketPool.Free(_batch.AsSpan(_start, _end - _start));
        _start = _end;
    }

    private void Fill()
    {
        _schedule.Look();
        (_start, _end) = (0, 0);
        while (_end < _batch.Length && TryPeek(out var frame, out long time))
        {
            if (!_schedule.IsDue(time))
            {
                if (_longWait == 0 && _schedule.Wait(time) is var wait && wait >= s_unexpected)
                    Volatile.Write(ref _longWait, wait.Ticks);
                return;
            }
            // No buffer is free: the card still has all of them.
            if (!TryAdd(frame)) return;
            _source.Advance();
        }
    }

    // Everything before the damage is sent, and reported.
    private bool TryPeek(out ReadOnlySpan<byte> frame, out long time)
    {
        frame = [];
        time = 0;
        try
        {
            return Failure is null && _source.TryPeek(out frame, out time);
        }
        catch (Exception error) when (error is CaptureFormatException or IOException or UnauthorizedAccessException)
        {
            Failure = error;
            return false;
        }
    }

    private bool TryAdd(ReadOnlySpan<byte> frame)
    {
        if (!_pool.TryAllocate(out var packet)) return false;
        // A frame longer than a buffer need not be whole to be refused.
        packet.Length = Math.Min(frame.Length, _pool.BufferSize);
        frame[..packet.Length].CopyTo(packet.Data);
        Count(_queue.Examine(packet).Reason, frame.Length);
        _batch[_end++] = packet;
        return true;
    }

    private void Count(TransmitRefusalReason reason, int length)
    {
        if (reason == TransmitRefusalReason.TooLong) TooLong++;
        else if (reason == TransmitRefusalReason.TooShort) TooShort++;
        else
        {
            _schedule.Count(length);
            if (_source.IsFilled) Filled++;
        }
    }

    private int SendHeld()
    {
        if (!HoldsPackets) return 0;
        long dropped = _queue.Dropped;
        int done = _queue.TransmitOrDrop(_batch.AsSpan(_start, _end - _start));
        _start += done;
        Sent += done - (_queue.Dropped - dropped);
        return done;
    }

    private int Discard()
    {
        int received = _device.Receive(_received);
        PacketPool.Free(_received.AsSpan(0, received));
        return received;
    }
}
