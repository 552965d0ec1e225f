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
    // Some microseconds, in which a card sends a few dozen packets and reports them.
    private const int MostTries = 256;

    private readonly Packet[] _batch = new Packet[batchSize];

    protected override int Round() => Forward(a, b, ref Dropped[1]) + Forward(b, a, ref Dropped[0]);

    private int Forward(NetworkDevice from, NetworkDevice to, ref long dropped)
    {
        var batch = _batch.AsSpan(0, from.Receive(_batch));
        if (batch.IsEmpty) return 0;
        foreach (ref readonly var packet in batch) TWork.Do(packet.Data);
        int sent = to.Transmit(batch);
        // A full ring may be one that just has a lot to do, so what comes meanwhile waits at the other card. But a card
        // that sends nothing at all must not stop the other direction too.
        for (int tries = 1; sent < batch.Length && tries < MostTries; tries++) sent += to.Transmit(batch[sent..]);
        PacketPool.Free(batch[sent..]);
        dropped += batch.Length - sent;
        return sent;
    }
}
