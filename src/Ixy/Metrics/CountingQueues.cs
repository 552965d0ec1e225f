namespace Ixy.Metrics;

/// <summary>A receive queue whose batches somebody wants to know the sizes of. Others are not wrapped, so it costs them nothing.</summary>
internal sealed class CountingReceiveQueue(ReceiveQueue queue, BatchSizes sizes) : WrappedReceiveQueue(queue)
{
    /// <inheritdoc/>
    public override int Receive(Span<Packet> batch)
    {
        int received = Queue.Receive(batch);
        sizes.Count(received);
        return received;
    }
}

/// <summary>A transmit queue whose batches somebody wants to know the sizes of.</summary>
internal sealed class CountingTransmitQueue(TransmitQueue queue, BatchSizes sizes) : WrappedTransmitQueue(queue)
{
    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        int sent = Queue.Transmit(batch);
        sizes.Count(sent);
        return sent;
    }
}
