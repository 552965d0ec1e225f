namespace Ixy;

/// <summary>Who is in a queue: one thread, or nobody.</summary>
internal sealed class QueueUse(string queue)
{
    private Thread? _user;

    /// <exception cref="PacketMisuseException">Another thread is in it.</exception>
    internal void Enter()
    {
        if (Interlocked.CompareExchange(ref _user, Thread.CurrentThread, null) is not { } other) return;
        throw new PacketMisuseException(
            $"{queue} is used by two threads at once: {Describe(Thread.CurrentThread)} came while {Describe(other)} was in it; expected one thread "
            + "per queue: open the device with a queue for each (NetworkDeviceOptions.ReceiveQueues, TransmitQueues)");
    }

    internal void Leave() => Volatile.Write(ref _user, null);

    private static string Describe(Thread thread) => $"thread '{thread.Name ?? "without a name"}' ({thread.ManagedThreadId})";
}

/// <summary>A receive queue of a checked device. Others are not wrapped, so the watch costs them nothing.</summary>
internal sealed class CheckedReceiveQueue : ReceiveQueue
{
    private readonly ReceiveQueue _queue;
    private readonly QueueUse _use;

    internal CheckedReceiveQueue(ReceiveQueue queue, string name) => (_queue, _use, Interrupt) = (queue, new(name), queue.Interrupt);

    /// <inheritdoc/>
    public override PacketPool Pool => _queue.Pool;

    /// <inheritdoc/>
    public override long Packets => _queue.Packets;

    /// <inheritdoc/>
    public override long Dropped => _queue.Dropped;

    /// <inheritdoc/>
    public override int Receive(Span<Packet> batch)
    {
        _use.Enter();
        try
        {
            return _queue.Receive(batch);
        }
        finally
        {
            _use.Leave();
        }
    }

    internal override bool HasArrivals => _queue.HasArrivals;

    internal override void Arm() => _queue.Arm();

    internal override void Disarm() => _queue.Disarm();
}

/// <summary>A transmit queue of a checked device.</summary>
internal sealed class CheckedTransmitQueue(TransmitQueue queue, string name) : TransmitQueue
{
    private readonly QueueUse _use = new(name);

    /// <inheritdoc/>
    public override long Packets => queue.Packets;

    /// <inheritdoc/>
    public override int Pending => queue.Pending;

    /// <inheritdoc/>
    public override bool IsDrained => queue.IsDrained;

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        _use.Enter();
        try
        {
            return queue.Transmit(batch);
        }
        finally
        {
            _use.Leave();
        }
    }
}
