namespace Ixy.Ixgbe;

// Frames that the application does not see: bad ones, those that do not fit into one buffer, and all while the pool is
// empty.
internal unsafe partial class IxgbeReceiveQueue<TAddresses, TOffloads>
{
    // False if the card has no more. Drops at most a ring full, so that a flood of such frames does not hold the
    // caller.
    private bool DropUpToNext()
    {
        for (ulong end = _position + _ring.Mask + 1; _position < end && HasArrivals;)
        {
            if (CanTakeNext) return true;
            Drop(ref Next);
        }
        return false;
    }

    // The frame is lost, and counted once if it has several descriptors; its buffer goes back to the card.
    private void Drop(ref IxgbeReceiveDescriptor descriptor)
    {
        bool last = (descriptor.HeaderOrStatus & IxgbeReceiveDescriptor.EndOfPacket) != 0;
        if (last) _dropped++;
        _droppedDescriptors++;
        // While the rest of a frame is awaited, no descriptor is a whole frame.
        _longestFrame = last ? (uint)_pool.BufferSize : 0;
        descriptor.AddressOrHash = TAddresses.Of(_ring.Buffers[_position++ & _ring.Mask]);
        descriptor.HeaderOrStatus = 0;
    }
}
