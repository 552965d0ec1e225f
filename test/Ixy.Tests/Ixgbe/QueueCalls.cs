namespace Ixy.Tests.Ixgbe;

/// <summary>In which of the three ways a test calls a queue for a single packet.</summary>
public enum SingleCalls
{
    /// <summary>A batch of one.</summary>
    Batch,

    /// <summary>The queue's own methods.</summary>
    Virtual,

    /// <summary>Those of an <see cref="IQueueLoop"/>.</summary>
    Compiled,
}

internal delegate int ReceiveCall(Span<Packet> batch);

internal delegate int TransmitCall(ReadOnlySpan<Packet> batch);

/// <summary>Calls on two queues: those for single packets as a test wants them, the others for batches.</summary>
internal sealed class QueueCalls : IQueueLoop
{
    internal QueueCalls(SingleCalls kind, ReceiveQueue from, TransmitQueue to)
    {
        (Receive, Transmit, TransmitOrDrop) = (from.Receive, to.Transmit, to.TransmitOrDrop);
        if (kind == SingleCalls.Virtual)
        {
            Receive = batch => batch.Length == 1 ? Take(from.TryReceive(out var one), one, batch) : from.Receive(batch);
            Transmit = batch => batch.Length == 1 ? to.TryTransmit(batch[0]) ? 1 : 0 : to.Transmit(batch);
            TransmitOrDrop = batch =>
                batch.Length == 1 ? to.TryTransmitOrDrop(batch[0]) ? 1 : 0 : to.TransmitOrDrop(batch);
        }
        var self = this;
        if (kind == SingleCalls.Compiled) from.Run(to, ref self);
    }

    internal ReceiveCall Receive { get; private set; }

    internal TransmitCall Transmit { get; private set; }

    internal TransmitCall TransmitOrDrop { get; private set; }

    /// <summary>The structs that stand for the queues in a loop that is compiled around them.</summary>
    internal (Type Receiver, Type Transmitter)? Types { get; private set; }

    public void Run<TReceiver, TTransmitter>(TReceiver from, TTransmitter to)
        where TReceiver : struct, IReceiver where TTransmitter : struct, ITransmitter
    {
        Receive = batch => batch.Length == 1 ? Take(from.TryReceive(out var one), one, batch) : from.Receive(batch);
        Transmit = batch => batch.Length == 1 ? to.TryTransmit(batch[0]) ? 1 : 0 : to.Transmit(batch);
        TransmitOrDrop = batch =>
            batch.Length == 1 ? to.TryTransmitOrDrop(batch[0]) ? 1 : 0 : to.TransmitOrDrop(batch);
        Types = (typeof(TReceiver), typeof(TTransmitter));
    }

    private static int Take(bool received, Packet packet, Span<Packet> batch)
    {
        if (received) batch[0] = packet;
        // Also where it means nothing: an old handle would let the application touch what belongs to others.
        else Assert.Equal((0ul, 0ul), (packet.Buffer, packet.Metadata));
        return received ? 1 : 0;
    }
}
