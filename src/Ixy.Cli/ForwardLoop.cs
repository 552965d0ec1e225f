using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>
/// What a forwarder does to each frame. Implemented by structs, so that the JIT compiles the loop around it.
/// </summary>
internal interface IFrameWork
{
    static abstract void Do(Span<byte> frame);
}

/// <summary>Reads the first cache line, like any application that looks at packets, and changes nothing.</summary>
internal readonly struct ReadFirstLine : IFrameWork
{
    // A volatile read happens even if its value is unused.
    public static void Do(Span<byte> frame) => Volatile.Read(ref frame[0]);
}

/// <summary>Increments byte 1, as C ixy's forwarder does.</summary>
internal readonly struct IncrementByte : IFrameWork
{
    public static void Do(Span<byte> frame)
    {
        if (frame.Length > 1) frame[1]++;
    }
}

/// <summary>
/// Forwards packets between two devices, in both directions: from one receive queue of each to one transmit queue of
/// the other. No other thread uses these queues, so packets return to their pools on the same thread.
/// </summary>
internal sealed class ForwardLoop<TWork> : PacketLoop
    where TWork : struct, IFrameWork
{
    private readonly Direction _there, _back;
    private readonly QueueWaiter? _waiter;

    /// <param name="a">One device, counted as the first.</param>
    /// <param name="b">The other device.</param>
    /// <param name="queue">Which queue pair of both devices.</param>
    /// <param name="batchSize">Most packets per driver call.</param>
    /// <param name="sleeps">The devices interrupt, so the thread sleeps under low load.</param>
    private ForwardLoop(NetworkDevice a, NetworkDevice b, int queue, int batchSize, bool sleeps)
        : base(a.TransmitQueues[queue], b.TransmitQueues[queue])
    {
        _there = Direction.Create(a.ReceiveQueues[queue], b.TransmitQueues[queue], batchSize);
        _back = Direction.Create(b.ReceiveQueues[queue], a.TransmitQueues[queue], batchSize);
        if (sleeps) _waiter = new(a.ReceiveQueues[queue], b.ReceiveQueues[queue]);
    }

    /// <summary>One loop for each queue pair of two devices.</summary>
    internal static PacketLoop[] Create(NetworkDevice[] devices, int batchSize, bool sleeps) =>
        [.. devices[0].ReceiveQueues.Select(
            (_, queue) => new ForwardLoop<TWork>(devices[0], devices[1], queue, batchSize, sleeps))];

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _waiter?.Dispose();
    }

    protected override bool HoldsPackets => _there.HoldsPackets || _back.HoldsPackets;

    protected override int Round() => _there.Forward() + _back.Forward();

    // No interrupt says that a transmit ring has room again.
    protected override void Rest(PinnedWorker worker)
    {
        if (_waiter is null || HoldsPackets || _waiter.Wait(Timeout.InfiniteTimeSpan)) base.Rest(worker);
    }

    protected override void Wake() => _waiter?.Wake();

    protected override bool TryBeginSleep() => _waiter is not null && !HoldsPackets && _waiter.TryBeginSleep();

    protected override bool HasFired() => _waiter!.HasFired(TimeSpan.Zero);

    protected override void EndSleep() => _waiter!.EndSleep();

    protected override void GiveBack()
    {
        CountDropped(device: 1, _there.GiveBack());
        CountDropped(device: 0, _back.GiveBack());
    }

    /// <summary>
    /// One direction. Packets that a full ring does not take wait here, and nothing more is received: the card's packet
    /// buffer bridges that time, and counts what it has no room for. Packets the other device cannot send are dropped.
    /// </summary>
    private abstract class Direction(int batchSize)
    {
        protected readonly Packet[] _batch = new Packet[batchSize];
        protected int _start, _end;

        internal bool HoldsPackets => _start < _end;

        internal static Direction Create(ReceiveQueue from, TransmitQueue to, int batchSize)
        {
            var opening = new Opening(batchSize);
            from.Run(to, ref opening);
            return opening.Direction!;
        }

        internal abstract int Forward();

        internal int GiveBack()
        {
            int held = _end - _start;
            PacketPool.Free(_batch.AsSpan(_start, held));
            _start = _end;
            return held;
        }
    }

    /// <summary>Compiled around its queues: what differs from one kind of queue to another is inlined.</summary>
    private sealed class Direction<TReceiver, TTransmitter>(TReceiver from, TTransmitter to, int batchSize)
        : Direction(batchSize)
        where TReceiver : struct, IReceiver where TTransmitter : struct, ITransmitter
    {
        internal override int Forward() => _batch.Length == 1 && !HoldsPackets ? ForwardOne() : ForwardBatch();

        private int ForwardOne()
        {
            if (!from.TryReceive(out var packet)) return 0;
            TWork.Do(packet.Data);
            if (to.TryTransmitOrDrop(packet)) return 1;
            (_batch[0], _start, _end) = (packet, 0, 1);
            return 0;
        }

        private int ForwardBatch()
        {
            if (_start == _end)
            {
                _start = 0;
                _end = from.Receive(_batch);
                if (_end == 0) return 0;
                foreach (ref readonly var packet in _batch.AsSpan(0, _end)) TWork.Do(packet.Data);
            }
            int done = to.TransmitOrDrop(_batch.AsSpan(_start, _end - _start));
            _start += done;
            return done;
        }
    }

    private struct Opening(int batchSize) : IQueueLoop
    {
        internal Direction? Direction { get; private set; }

        public void Run<TReceiver, TTransmitter>(TReceiver from, TTransmitter to)
            where TReceiver : struct, IReceiver where TTransmitter : struct, ITransmitter =>
            Direction = new Direction<TReceiver, TTransmitter>(from, to, batchSize);
    }
}
