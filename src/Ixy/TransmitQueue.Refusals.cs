namespace Ixy;

// Packets that the device cannot send, however much room there is.
public abstract partial class TransmitQueue
{
    private TransmitRefusal _lastRefusal;

    /// <summary>Why <see cref="TransmitOrDrop"/> dropped the last packet. For the queue's thread.</summary>
    public virtual TransmitRefusal LastRefusal => _lastRefusal;

    /// <summary>
    /// Says whether the device can send a packet, and if not, why: it is shorter than an Ethernet header, or longer
    /// than the device sends, or asks for a checksum that its headers do not allow. Changes nothing, and allocates
    /// nothing.
    /// </summary>
    /// <exception cref="ArgumentException">As for <see cref="Transmit"/>.</exception>
    /// <exception cref="PacketMisuseException">As for <see cref="Transmit"/>.</exception>
    public abstract TransmitRefusal Examine(in Packet packet);

    /// <summary>
    /// Transmits as <see cref="Transmit"/> does, and frees the packets that the device cannot send: what anybody may
    /// have put on a wire must not stop a forwarder. They count in <see cref="Dropped"/>. What the ring has no room for
    /// is still the caller's.
    /// </summary>
    /// <returns>How many are the caller's no more, from the front: they were taken or dropped.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Transmit"/>, of the first packet. None was taken or
    /// dropped.</exception>
    /// <exception cref="PacketMisuseException">As for <see cref="Transmit"/>. None was taken or dropped.</exception>
    public int TransmitOrDrop(ReadOnlySpan<Packet> batch)
    {
        int sent = Transmit(batch);
        return sent == batch.Length ? sent : DropOrLeave(batch, sent);
    }

    /// <summary>
    /// Goes on behind the packets that were sent: drops the first of the rest if that is what stands in the way.
    /// </summary>
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
            // What is wrong is still so when the rest is offered again, and then nothing is gone that the caller would
            // take for his own.
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
