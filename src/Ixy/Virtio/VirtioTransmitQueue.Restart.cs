namespace Ixy.Virtio;

internal abstract unsafe partial class VirtioTransmitQueue
{
    // Positions that no packet ever had.
    private ulong _skipped;

    /// <inheritdoc/>
    internal override TransmitProgress Progress
    {
        get
        {
            ulong place = Clean, next = Next;
            for (; place < next && TryReadUsed(place, out _); place++)
            {
                // One more was sent.
            }
            return new(place, place < next);
        }
    }

    /// <summary>
    /// Starts over in a ring that was cleared; packets that were not sent go back to their pools. Positions keep
    /// running, so counters continue.
    /// </summary>
    internal void Restart()
    {
        for (ulong id = 0; id <= Mask; id++)
        {
            if (Buffers[id] != 0) PacketPool.Free(new ReadOnlySpan<ulong>(Buffers + id, 1));
            Buffers[id] = 0;
        }
        ulong skipped = (0 - Next) & (VirtioReceiveQueue.Round - 1);
        _skipped += skipped;
        Next += skipped;
        Clean = Next;
        NameBuffers();
    }

    /// <summary>Gives each descriptor of a cleared ring the id of a buffer slot.</summary>
    private protected abstract void NameBuffers();
}
