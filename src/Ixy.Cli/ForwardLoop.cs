namespace Ixy.Cli;

/// <summary>What a forwarder does to each frame. Implemented by structs, so that the JIT compiles the loop around it.</summary>
internal interface IFrameWork
{
    static abstract void Do(Span<byte> frame);
}

/// <summary>Reads the first cache line, as any application that looks at packets does, and changes nothing.</summary>
internal readonly struct ReadFirstLine : IFrameWork
{
    // A volatile read is made even if nobody wants the value.
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

/// <summary>Sends on what arrives at either device through the other one: a receive queue each through one transmit queue.</summary>
internal sealed class ForwardLoop<TWork>(NetworkDevice a, NetworkDevice b, int batchSize) : PacketLoop(a, b)
    where TWork : struct, IFrameWork
{
    private readonly Direction[] _there = Directions(a, b, batchSize), _back = Directions(b, a, batchSize);

    protected override bool HoldsPackets => _there.Concat(_back).Any(direction => direction.HoldsPackets);

    protected override int Round() => Forward(_there) + Forward(_back);

    protected override void GiveBack()
    {
        Dropped[1] += _there.Sum(direction => direction.GiveBack());
        Dropped[0] += _back.Sum(direction => direction.GiveBack());
    }

    private static Direction[] Directions(NetworkDevice from, NetworkDevice to, int batchSize) =>
        [.. from.ReceiveQueues.Select((queue, i) => new Direction(queue, to.TransmitQueues[i % to.TransmitQueues.Count], batchSize))];

    private static int Forward(Direction[] directions)
    {
        int sent = 0;
        foreach (var direction in directions) sent += direction.Forward();
        return sent;
    }

    /// <summary>
    /// One way. What a full ring does not take waits here, and nothing more is received: the card's packet buffer is
    /// there to bridge that time, and counts what it has no room for.
    /// </summary>
    private sealed class Direction(ReceiveQueue from, TransmitQueue to, int batchSize)
    {
        private readonly Packet[] _batch = new Packet[batchSize];
        private int _start, _end;

        internal bool HoldsPackets => _start < _end;

        internal int Forward()
        {
            if (_start == _end)
            {
                _start = 0;
                _end = from.Receive(_batch);
                if (_end == 0) return 0;
                foreach (ref readonly var packet in _batch.AsSpan(0, _end)) TWork.Do(packet.Data);
            }
            int sent = to.Transmit(_batch.AsSpan(_start, _end - _start));
            _start += sent;
            return sent;
        }

        internal int GiveBack()
        {
            int held = _end - _start;
            PacketPool.Free(_batch.AsSpan(_start, held));
            _start = _end;
            return held;
        }
    }
}
