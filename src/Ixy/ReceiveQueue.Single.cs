using System.Runtime.CompilerServices;

namespace Ixy;

// One packet per call, and code that is compiled around a queue.
public abstract partial class ReceiveQueue
{
    /// <summary>
    /// Takes one packet if one has arrived, and does not wait. The same as <see cref="Receive(Span{Packet})"/> with
    /// room for one; but the handle can stay in CPU registers, so this is the fastest way to take packets singly.
    /// </summary>
    /// <param name="packet">The packet, which the caller owns until it transmits or frees it.</param>
    /// <returns>False if there is none; then <paramref name="packet"/> means nothing.</returns>
    public virtual bool TryReceive(out Packet packet)
    {
        packet = default;
        return Receive(new Span<Packet>(ref packet)) > 0;
    }

    /// <summary>
    /// Calls <paramref name="loop"/> with this queue and a transmit queue, compiled for the types of both. Returns when
    /// it does; throws what it throws. Takes microseconds before the first packet, so it is for a whole loop.
    /// </summary>
    /// <param name="to">A queue of any device.</param>
    /// <param name="loop">By reference, so that it can be a struct that keeps results.</param>
    public void Run<TLoop>(TransmitQueue to, ref TLoop loop) where TLoop : IQueueLoop
    {
        ArgumentNullException.ThrowIfNull(to);
        RunWith(to, ref loop);
    }

    // Finds out its own type, and then that of the other queue.
    internal virtual void RunWith<TLoop>(TransmitQueue to, ref TLoop loop) where TLoop : IQueueLoop =>
        to.RunWith(new Receiver(this), ref loop);

    /// <summary>Of any type: these calls are virtual.</summary>
    private readonly struct Receiver(ReceiveQueue queue) : IReceiver
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryReceive(out Packet packet) => queue.TryReceive(out packet);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Receive(Span<Packet> batch) => queue.Receive(batch);
    }
}
