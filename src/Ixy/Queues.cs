namespace Ixy;

/// <summary>One receive queue of a device: a ring and the pool its buffers come from. For one thread at a time.</summary>
public abstract partial class ReceiveQueue
{
    /// <summary>Where the buffers of received packets come from, and go back to.</summary>
    public abstract PacketPool Pool { get; }

    /// <summary>Packets handed to the application since the device was opened.</summary>
    public abstract long Packets { get; }

    /// <summary>Frames dropped here since then: the pool was empty, or the frame did not fit into one buffer.</summary>
    public abstract long Dropped { get; }

    /// <summary>
    /// Takes what has arrived, at most as many packets as <paramref name="batch"/> has places, and does not wait.
    /// The caller owns the packets, until it transmits or frees them. An empty pool drops the frames and counts them.
    /// </summary>
    /// <returns>How many places were filled, from the front.</returns>
    public abstract int Receive(Span<Packet> batch);
}

/// <summary>One transmit queue of a device. For one thread at a time.</summary>
public abstract class TransmitQueue
{
    /// <summary>Packets given to the card since the device was opened.</summary>
    public abstract long Packets { get; }

    /// <summary>Packets given to the card whose buffers have not come back yet.</summary>
    public abstract int Pending { get; }

    /// <summary>Every packet given to the card has left it. Reads the card, so not for a hot loop.</summary>
    public abstract bool IsDrained { get; }

    /// <summary>
    /// Gives packets to the card, as many as the ring has room for, and does not wait. The queue owns them from
    /// then on; their buffers go back to their pools when they have been sent. The caller still owns the rest.
    /// </summary>
    /// <returns>How many were taken, from the front.</returns>
    /// <exception cref="ArgumentException">
    /// A packet is empty or longer than the device's maximum, or asks for what cannot be done to it (<see cref="Packet.Flags"/>): the
    /// option is off, or its headers are not those of a whole TCP or UDP packet. None was taken.
    /// </exception>
    public abstract int Transmit(ReadOnlySpan<Packet> batch);
}
