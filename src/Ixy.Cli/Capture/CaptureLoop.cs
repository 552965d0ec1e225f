using Ixy.Captures;

namespace Ixy.Cli.Capture;

/// <summary>Copies what arrives at several devices into a capture, and frees the buffers at once.</summary>
internal sealed class CaptureLoop : PacketLoop
{
    // Packets that were on their way at the end arrive within this time, in nanoseconds; later ones are not wanted.
    private const long OnTheWay = 50_000_000;

    private readonly ReceiveQueue[][] _queues;
    private readonly CaptureFile _capture;
    private readonly Packet[] _batch;
    private long _left, _end;
    private bool _isMeasured;

    /// <param name="devices">The capture's interfaces, in its order.</param>
    /// <param name="capture">Where the frames go.</param>
    /// <param name="batchSize">Most packets per driver call.</param>
    /// <param name="count">The measured part is over once this many are captured.</param>
    internal CaptureLoop(IReadOnlyList<NetworkDevice> devices, CaptureFile capture, int batchSize, long count)
    {
        _queues = [.. devices.Select(device => device.ReceiveQueues.ToArray())];
        _capture = capture;
        _batch = new Packet[batchSize];
        _left = count;
        AfterEnd = new long[devices.Count];
    }

    /// <summary>Frames per device that arrived after the capture was over. Read it when the loop has ended.</summary>
    internal long[] AfterEnd { get; }

    protected override int Round()
    {
        _isMeasured = true;
        int captured = ReceiveFromAll();
        if (captured == 0) _capture.WriteOld();
        if (_left == 0 || _capture.Failure is not null) StopMeasuring();
        return captured;
    }

    protected override int PassiveRound()
    {
        // Packets from before the first round are wanted: the cards were started because somebody asked for that.
        if (_isMeasured)
        {
            if (_end == 0) _end = _capture.Now + OnTheWay;
            if (_capture.Now > _end) _left = 0;
        }
        int received = ReceiveFromAll();
        if (_left == 0) StopMeasuring();
        return received;
    }

    private int ReceiveFromAll()
    {
        int received = 0;
        for (int i = 0; i < _queues.Length; i++)
        {
            foreach (var queue in _queues[i]) received += Receive(i, queue);
        }
        return received;
    }

    private int Receive(int device, ReceiveQueue queue)
    {
        bool isWanted = _left > 0;
        var batch = _batch.AsSpan();
        if (isWanted && _left < batch.Length) batch = batch[..(int)_left];
        int received = queue.Receive(batch);
        if (received == 0) return 0;
        batch = batch[..received];
        // One timestamp for the whole batch: when it was received.
        if (isWanted) _left -= _capture.Write(device, batch, _capture.Now);
        else AfterEnd[device] += received;
        PacketPool.Free(batch);
        return received;
    }
}
