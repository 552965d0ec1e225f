using System.Runtime.CompilerServices;

namespace Ixy;

// One packet per call, and code that is compiled around a queue.
public abstract partial class TransmitQueue
{
    /// <summary>
    /// Gives one packet to the card, and does not wait. The same as <see cref="Transmit"/> with one packet; but the
    /// handle can stay in CPU registers, so this is the fastest way to send packets singly.
    /// </summary>
    /// <returns>False if the caller still owns it: the ring is full, or the device cannot send it.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Transmit"/>.</exception>
    /// <exception cref="PacketMisuseException">As for <see cref="Transmit"/>.</exception>
    public virtual bool TryTransmit(Packet packet) => Transmit(new ReadOnlySpan<Packet>(in packet)) > 0;

    /// <summary>
    /// Like <see cref="TryTransmit"/>, but frees a packet that the device cannot send, as <see cref="TransmitOrDrop"/>
    /// does.
    /// </summary>
    /// <returns>False if the caller still owns it: the ring is full.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Transmit"/>.</exception>
    /// <exception cref="PacketMisuseException">As for <see cref="Transmit"/>.</exception>
    public bool TryTransmitOrDrop(Packet packet) => TryTransmit(packet) || DropOrLeave(packet);

    internal virtual void RunWith<TReceiver, TLoop>(TReceiver from, ref TLoop loop)
        where TReceiver : struct, IReceiver where TLoop : IQueueLoop =>
        loop.Run(from, new Transmitter(this));

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool DropOrLeave(Packet packet) => DropOrLeave(new ReadOnlySpan<Packet>(in packet), 0) > 0;

    /// <summary>Of any type: these calls are virtual.</summary>
    private readonly struct Transmitter(TransmitQueue queue) : ITransmitter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryTransmit(Packet packet) => queue.TryTransmit(packet);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Transmit(ReadOnlySpan<Packet> batch) => queue.Transmit(batch);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryTransmitOrDrop(Packet packet) => queue.TryTransmitOrDrop(packet);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int TransmitOrDrop(ReadOnlySpan<Packet> batch) => queue.TransmitOrDrop(batch);
    }
}
