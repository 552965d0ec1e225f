namespace Ixy;

// Packets that the device cannot send even when the ring has room.
public abstract partial class TransmitQueue
{
    private TransmitRefusal _lastRefusal;

    /// <summary>Why <see cref="TransmitOrDrop"/> dropped the last packet. For the queue's thread.</summary>
    public virtual TransmitRefusal LastRefusal => _lastRefusal;

    /// <summary>
    /// Says whether the device can send a packet, and if not, why: it is shorter than an Ethernet header, longer than
    /// the device can send, or requests a checksum that its headers do not allow. Changes nothing and allocates
    /// nothing.
    /// </summary>
    /// <exception cref="ArgumentException">As for <see cref="Transmit"/>.</exception>
    /// <exception cref="PacketMisuseException">As for <see cref="Transmit"/>.</exception>
    public abstract TransmitRefusal Examine(in Packet packet);

    /// <summary>
    /// Like <see cref="Transmit"/>, but frees packets that the device cannot send: arbitrary frames from a wire must
    /// not stop a forwarder. They count in <see cref="Dropped"/>. Packets the ring has no room for still belong to the
    /// caller.
    /// </summary>
    /// <returns>How many no longer belong to the caller, from the front: they were taken or dropped.</returns>
    /// <exception cref="ArgumentException">
    /// As for <see cref="Transmit"/>, for the first packet. None was taken or dropped.
    /// </exception>
    /// <exception cref="PacketMisuseException">As for <see cref="Transmit"/>. None was taken or dropped.</exception>
    public int TransmitOrDrop(ReadOnlySpan<Packet> batch)
    {
        int sent = Transmit(batch);
        return sent == batch.Length ? sent : DropOrLeave(batch, sent);
    }

    /// <summary>Continues after the packets that were sent: drops the next one if it cannot be sent.</summary>
    internal int DropOrLeave(ReadOnlySpan<Packet> batch, int done)
    {
        try
        {
            while (done < batch.Length)
            {
                int first = done;
                while (done < batch.Length && TryDrop(batch[done])) done++;
                if (done == first) break;
                done += Transmit(batch[done..]);
            }
        }
        catch (Exception) when (done > 0)
        {
            // The error will still be there when the rest is offered again, and throwing then does not lose packets
            // that the caller believes it still owns.
        }
        return done;
    }

    private bool TryDrop(in Packet packet)
    {
        var refusal = Examine(packet);
        if (!refusal.IsRefused) return false;
        packet.Free();
        CountDropped(refusal);
        return true;
    }

    internal virtual void CountDropped(in TransmitRefusal refusal)
    {
        _lastRefusal = refusal;
        Volatile.Write(ref _dropped, _dropped + 1);
    }
}
