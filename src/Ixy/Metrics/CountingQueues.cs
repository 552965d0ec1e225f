using Ixy.Checks;

namespace Ixy.Metrics;

/// <summary>
/// A receive queue that counts its batch sizes. Only queues with metrics enabled are wrapped, so others pay nothing.
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

/// <summary>A transmit queue that counts its batch sizes and how often it was full.</summary>
internal sealed class CountingTransmitQueue(TransmitQueue queue) : WrappedTransmitQueue(queue)
{
    private long _refused;

    internal BatchSizes Sizes { get; } = new();

    /// <summary>Packets the ring had no room for, counted each time they were offered. For any thread.</summary>
    internal long Refused => Volatile.Read(ref _refused);

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        int sent = Queue.Transmit(batch);
        Sizes.Count(sent);
        // A packet that can never be sent was not turned away for lack of room.
        if (sent < batch.Length && !IsRefused(batch[sent]))
            Volatile.Write(ref _refused, _refused + batch.Length - sent);
        return sent;
    }

    // The packets before this one are gone, so its error is thrown when it is offered again.
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
