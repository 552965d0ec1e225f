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

/// <summary>Sends on what arrives at either device through the other one.</summary>
internal sealed class ForwardLoop<TWork>(NetworkDevice a, NetworkDevice b, int batchSize) : PacketLoop(a, b)
    where TWork : struct, IFrameWork
{
    private readonly Direction _there = new(a, b, batchSize), _back = new(b, a, batchSize);

    protected override bool HoldsPackets => _there.HoldsPackets || _back.HoldsPackets;

    protected override int Round() => _there.Forward() + _back.Forward();

    protected override void GiveBack()
    {
        Dropped[1] += _there.GiveBack();
        Dropped[0] += _back.GiveBack();
    }

    /// <summary>
    /// One way. What a full ring does not take waits here, and nothing more is received: the card's packet buffer is
    /// there to bridge that time, and counts what it has no room for.
    /// </summary>
    private sealed class Direction(NetworkDevice from, NetworkDevice to, int batchSize)
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
