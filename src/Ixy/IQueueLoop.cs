namespace Ixy;

/// <summary>
/// A receive queue as code sees it that is compiled for its type: no call is virtual, and most are inlined. Implemented
/// by structs only; see <see cref="IQueueLoop"/>. For one thread at a time.
/// </summary>
public interface IReceiver
{
    /// <inheritdoc cref="ReceiveQueue.TryReceive"/>
    bool TryReceive(out Packet packet);

    /// <inheritdoc cref="ReceiveQueue.Receive(Span{Packet})"/>
    int Receive(Span<Packet> batch);
}

/// <summary>A transmit queue, like <see cref="IReceiver"/>.</summary>
public interface ITransmitter
{
    /// <inheritdoc cref="TransmitQueue.TryTransmit"/>
    bool TryTransmit(Packet packet);

    /// <inheritdoc cref="TransmitQueue.Transmit"/>
    int Transmit(ReadOnlySpan<Packet> batch);

    /// <inheritdoc cref="TransmitQueue.TryTransmitOrDrop"/>
    bool TryTransmitOrDrop(Packet packet);

    /// <inheritdoc cref="TransmitQueue.TransmitOrDrop"/>
    int TransmitOrDrop(ReadOnlySpan<Packet> batch);
}

/// <summary>
/// An application's loop, or whatever else is to be compiled around two queues. <see cref="ReceiveQueue.Run{TLoop}"/>
/// calls it with the structs that stand for these queues. As the type arguments are structs, each combination gets
/// machine code of its own, in which the drivers' paths for single packets are inlined, with the JIT as well as ahead
/// of time. That matters if a call handles few packets: a call that handles 32 costs each of them next to nothing.
/// </summary>
/// <example>
/// <code>
/// struct Reflector : IQueueLoop
/// {
///     public readonly void Run&lt;TReceiver, TTransmitter&gt;(TReceiver from, TTransmitter to)
///         where TReceiver : struct, IReceiver where TTransmitter : struct, ITransmitter
///     {
///         while (true)
///         {
///             if (from.TryReceive(out var packet) &amp;&amp; !to.TryTransmitOrDrop(packet)) packet.Free();
///         }
///     }
/// }
/// </code>
/// </example>
public interface IQueueLoop
{
    /// <summary>Called once, on the thread that called <see cref="ReceiveQueue.Run{TLoop}"/>.</summary>
    /// <param name="from">The receive queue.</param>
    /// <param name="to">The transmit queue.</param>
    void Run<TReceiver, TTransmitter>(TReceiver from, TTransmitter to)
        where TReceiver : struct, IReceiver where TTransmitter : struct, ITransmitter;
}
