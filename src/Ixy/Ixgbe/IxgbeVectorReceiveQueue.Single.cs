using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Ixy.Ixgbe;

// One packet per call: no loop, and the handle stays in CPU registers.
internal sealed unsafe partial class IxgbeVectorReceiveQueue
{
    // The halves of a status are exchanged, so that its flags are above its length: then a single unsigned comparison
    // checks both. These are variables because an instruction can have 64 bits from memory, but not as a constant.
    private readonly ulong _addressMask = Packet.AddressMask;
    private readonly ulong _reportMask = BitOperations.RotateLeft(CheckedMask, 32);
    private readonly ulong _shortestWhole = BitOperations.RotateLeft(Least, 32);

    // Up to this position nothing happens but packets: the tail does not move, and there are enough buffers at hand.
    private ulong _plainEnd;

    // What the readable loop has received.
    private Packet _slow;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override bool TryReceive(out Packet packet)
    {
        ulong position = _position;
        if (position < _plainEnd)
        {
            ulong index = position & _ring.Mask;
            var descriptor = _ring.Descriptors + index;
            // An acquire load: the rest of the descriptor and the frame are read after DD was seen.
            ulong status = BitOperations.RotateLeft(Volatile.Read(ref descriptor->HeaderOrStatus), 32);
            // The length less one, if it is a whole good frame.
            ulong excess = (status & _reportMask) - _shortestWhole;
            if (excess < _longestFrame)
            {
                ulong* buffers = _ring.Buffers;
                packet.Buffer = buffers[index];
                packet.Metadata = ((ulong)((uint*)descriptor)[1] << Packet.HashShift) + excess + 1;
                ulong* top = _fresh.Top - 1;
                _fresh.Top = top;
                ulong fresh = *top;
                buffers[index] = fresh;
                Vector128.CreateScalar(fresh & _addressMask).StoreAligned((ulong*)descriptor);
                _position = position + 1;
                return true;
            }
        }
        bool received = ReceiveSlowly();
        // By value: a handle whose address is passed on would live in memory.
        packet = _slow;
        return received;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool ReceiveSlowly()
    {
        _slow = default;
        if (!HasArrivals) return false;
        bool received = base.Receive(new Span<Packet>(ref _slow)) > 0;
        // The last one before the tail moves comes here, too.
        _plainEnd = Math.Min(_position | _tailDistanceMask, _position + (ulong)_fresh.Count);
        return received;
    }

    internal override void RunWith<TLoop>(TransmitQueue to, ref TLoop loop) => to.RunWith(new Receiver(this), ref loop);

    private readonly struct Receiver(IxgbeVectorReceiveQueue queue) : IReceiver
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryReceive(out Packet packet) => queue.TryReceive(out packet);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Receive(Span<Packet> batch) => queue.Receive(batch);
    }
}
