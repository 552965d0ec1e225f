namespace Ixy.Checks;

/// <summary>Tracks which thread is inside a queue, if any.</summary>
internal sealed class QueueUse(string queue)
{
    private Thread? _user;

    /// <exception cref="PacketMisuseException">Another thread is inside.</exception>
    internal void Enter()
    {
        if (Interlocked.CompareExchange(ref _user, Thread.CurrentThread, null) is not { } other) return;
        throw new PacketMisuseException(
            $"{queue} is used by two threads at once: {Describe(Thread.CurrentThread)} came while {Describe(other)} "
            + "was in it; expected one thread "
            + "per queue: open the device with a queue for each (NetworkDeviceOptions.ReceiveQueues, TransmitQueues)");
    }

    internal void Leave() => Volatile.Write(ref _user, null);

    private static string Describe(Thread thread) =>
        $"thread '{thread.Name ?? "without a name"}' ({thread.ManagedThreadId})";
}

/// <summary>
/// A receive queue of a checked device: records received packets as held by the application. Queues of unchecked
/// devices are not wrapped, so checking costs them nothing.
/// </summary>
internal sealed class CheckedReceiveQueue(ReceiveQueue queue, string name) : WrappedReceiveQueue(queue)
{
    private readonly QueueUse _use = new(name);

    /// <inheritdoc/>
    public override int Receive(Span<Packet> batch)
    {
        _use.Enter();
        try
        {
            int received = Queue.Receive(batch);
            foreach (ref var packet in batch[..received]) packet.Pool.Checks?.Lend(ref packet, name);
            return received;
        }
        finally
        {
            _use.Leave();
        }
    }
}

/// <summary>
/// A transmit queue of a checked device: packets are marked as the card's before it can see them, and as the
/// application's again if the card does not take them.
/// </summary>
internal sealed class CheckedTransmitQueue(TransmitQueue queue, string name) : WrappedTransmitQueue(queue)
{
    private readonly QueueUse _use = new(name);

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        _use.Enter();
        int sent = 0;
        try
        {
            PacketPoolChecks.Transmit(batch);
            try
            {
                return sent = Queue.Transmit(batch);
            }
            finally
            {
                PacketPoolChecks.Keep(batch[sent..]);
            }
        }
        finally
        {
            _use.Leave();
        }
    }

    /// <inheritdoc/>
    public override TransmitRefusal Examine(in Packet packet)
    {
        PacketPoolChecks.Verify(packet, "examined");
        return Queue.Examine(packet);
    }
}
