namespace Ixy.Ixgbe;

// Frames that never reach the application: bad ones, those that do not fit into one buffer, and all frames while the
// pool is empty.
internal unsafe partial class IxgbeReceiveQueue<TAddresses, TOffloads>
{
    /// <inheritdoc/>
    public override long Packets => (long)_position - _droppedDescriptors;

    // False if the card has no more. Drops at most a ring full per call, so a flood of such frames does not keep the
    // caller here.
    private bool DropUpToNext()
    {
        for (ulong end = _position + _ring.Mask + 1; _position < end && HasArrivals;)
        {
            if (CanTakeNext) return true;
            Drop(ref Next);
        }
        return false;
    }

    // The frame is lost, and counted once even if it has several descriptors; its buffers go back to the card.
    private void Drop(ref IxgbeReceiveDescriptor descriptor)
    {
        bool last = (descriptor.HeaderOrStatus & IxgbeReceiveDescriptor.EndOfPacket) != 0;
        if (last) _dropped++;
        _droppedDescriptors++;
        // While the rest of a frame is outstanding, no descriptor is a whole frame.
        _longestFrame = last ? (uint)Pool.BufferSize : 0;
        descriptor.AddressOrHash = TAddresses.Of(_ring.Buffers[_position++ & _ring.Mask]);
        descriptor.HeaderOrStatus = 0;
    }
}
