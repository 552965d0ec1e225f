namespace Ixy.Metrics;

/// <summary>
/// A receive queue whose batches somebody wants to know the sizes of. Others are not wrapped, so it costs them nothing.
/// </summary>
internal sealed class CountingReceiveQueue(ReceiveQueue queue) : WrappedReceiveQueue(queue)
{
    internal BatchSizes Sizes { get; } = new();

    /// <inheritdoc/>
    public override int Receive(Span<Packet> batch)
    {
        int received = Queue.Receive(batch);
        Sizes.Count(received);
        return received;
    }
}

/// <summary>
/// A transmit queue whose batches somebody wants to know the sizes of, and how often they found it full.
/// </summary>
internal sealed class CountingTransmitQueue(TransmitQueue queue) : WrappedTransmitQueue(queue)
{
    private long _refused;

    internal BatchSizes Sizes { get; } = new();

    /// <summary>Packets that there was no room for, each time they were offered. For any thread.</summary>
    internal long Refused => Volatile.Read(ref _refused);

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        int sent = Queue.Transmit(batch);
        Sizes.Count(sent);
        // A packet that can never be sent is none that there was no room for.
        if (sent < batch.Length && !IsRefused(batch[sent]))
            Volatile.Write(ref _refused, _refused + batch.Length - sent);
        return sent;
    }

    // The packets before this one are gone, so what is wrong with it is thrown when it is offered again.
    private bool IsRefused(in Packet packet)
    {
        try
        {
            return Queue.Examine(packet).IsRefused;
        }
        catch (Exception error) when (error is ArgumentException or PacketMisuseException)
        {
            return false;
        }
    }
}
