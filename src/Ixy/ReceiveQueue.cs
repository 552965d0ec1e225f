using Ixy.Waiting;

namespace Ixy;

/// <summary>
/// One receive queue of a device: a ring and the pool its buffers come from. For one thread at a time.
/// </summary>
public abstract partial class ReceiveQueue
{
    /// <summary>Where the buffers of received packets come from, and go back to.</summary>
    public abstract PacketPool Pool { get; }

    /// <summary>Frames dropped here since then: the pool was empty, or the frame did not fit into one buffer.</summary>
    public abstract long Dropped { get; }

    /// <summary>
    /// Takes what has arrived, at most as many packets as <paramref name="batch"/> has places, and does not wait. The
    /// caller owns the packets until it transmits or frees them. If the pool is empty, frames are dropped and counted.
    /// </summary>
    /// <returns>How many places were filled, from the front.</returns>
    public abstract int Receive(Span<Packet> batch);

    /// <summary>The queue's interrupt; null if the device was opened without interrupts.</summary>
    internal QueueInterrupt? Interrupt { get; set; }

    /// <summary>The queue's device, once it is open: a waiting thread checks whether it is still there.</summary>
    internal Vfio.PciDevice? Device { get; set; }
}
