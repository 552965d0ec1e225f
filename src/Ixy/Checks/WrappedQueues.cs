namespace Ixy.Checks;

/// <summary>A receive queue around another one, to observe what passes through it.</summary>
internal abstract class WrappedReceiveQueue : ReceiveQueue
{
    protected WrappedReceiveQueue(ReceiveQueue queue) => (Queue, Interrupt) = (queue, queue.Interrupt);

    /// <inheritdoc/>
    public override PacketPool Pool => Queue.Pool;

    /// <inheritdoc/>
    public override long Packets => Queue.Packets;

    /// <inheritdoc/>
    public override long Dropped => Queue.Dropped;

    internal override bool HasArrivals => Queue.HasArrivals;

    protected ReceiveQueue Queue { get; }

    internal override void Arm() => Queue.Arm();

    internal override void Disarm() => Queue.Disarm();
}

/// <summary>A transmit queue around another one, to observe what passes through it.</summary>
internal abstract class WrappedTransmitQueue(TransmitQueue queue) : TransmitQueue
{
    /// <inheritdoc/>
    public override long Packets => Queue.Packets;

    /// <inheritdoc/>
    public override int Pending => Queue.Pending;

    /// <inheritdoc/>
    public override bool IsDrained => Queue.IsDrained;

    /// <inheritdoc/>
    public override long Dropped => Queue.Dropped;

    /// <inheritdoc/>
    public override TransmitRefusal LastRefusal => Queue.LastRefusal;

    /// <inheritdoc/>
    public override TransmitRefusal Examine(in Packet packet) => Queue.Examine(packet);

    internal override TransmitProgress Progress => Queue.Progress;

    internal override void CountDropped(in TransmitRefusal refusal) => Queue.CountDropped(refusal);

    protected TransmitQueue Queue { get; } = queue;
}
