namespace Ixy;

/// <summary>One transmit queue of a device. For one thread at a time.</summary>
public abstract partial class TransmitQueue
{
    private long _dropped;

    /// <summary>Every packet given to the card has left it. Reads the card, so not for a hot loop.</summary>
    public abstract bool IsDrained { get; }

    /// <summary>
    /// Packets that <see cref="TransmitOrDrop"/> has dropped since the device was opened, because the device cannot
    /// send them. For any thread.
    /// </summary>
    public virtual long Dropped => Volatile.Read(ref _dropped);

    /// <summary>
    /// Gives packets to the card, as many as the ring has room for, and does not wait. The queue owns them from then
    /// on; their buffers go back to their pools when they have been sent. The caller still owns the rest. If it stops
    /// before the end of the batch, the ring is full, or the device cannot send the first packet of the rest:
    /// <see cref="Examine"/> says which, and <see cref="TransmitOrDrop"/> skips such a packet.
    /// </summary>
    /// <returns>How many were taken, from the front.</returns>
    /// <exception cref="ArgumentException">
    /// A packet requests something the device was not opened for (<see cref="Packet.Flags"/>). None was taken.
    /// </exception>
    /// <exception cref="PacketMisuseException">
    /// A packet belongs to no pool; or its pool is checked, and it was already transmitted or freed. None was taken.
    /// </exception>
    public abstract int Transmit(ReadOnlySpan<Packet> batch);
}
