namespace Ixy.Metrics;

/// <summary>A receive queue whose batches somebody wants to know the sizes of. Others are not wrapped, so it costs them nothing.</summary>
internal sealed class CountingReceiveQueue(ReceiveQueue queue, BatchSizes sizes) : ReceiveQueue
{
    /// <inheritdoc/>
    public override PacketPool Pool => queue.Pool;

    /// <inheritdoc/>
    public override long Packets => queue.Packets;

    /// <inheritdoc/>
    public override long Dropped => queue.Dropped;

    /// <inheritdoc/>
    public override int Receive(Span<Packet> batch)
    {
        int received = queue.Receive(batch);
        sizes.Count(received);
        return received;
    }
}

/// <summary>A transmit queue whose batches somebody wants to know the sizes of.</summary>
internal sealed class CountingTransmitQueue(TransmitQueue queue, BatchSizes sizes) : TransmitQueue
{
    /// <inheritdoc/>
    public override long Packets => queue.Packets;

    /// <inheritdoc/>
    public override int Pending => queue.Pending;

    /// <inheritdoc/>
    public override bool IsDrained => queue.IsDrained;

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        int sent = queue.Transmit(batch);
        sizes.Count(sent);
        return sent;
    }
}
