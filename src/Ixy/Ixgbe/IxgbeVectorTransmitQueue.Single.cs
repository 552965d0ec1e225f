using System.Numerics;
using System.Runtime.CompilerServices;

namespace Ixy.Ixgbe;

// One packet per call: no loop, and the handle stays in CPU registers.
internal sealed unsafe partial class IxgbeVectorTransmitQueue
{
    // A variable because an instruction can have 64 bits from memory, but not as a constant.
    private readonly ulong _addressMask = Packet.AddressMask;

    // Up to this position nothing happens but packets: no group ends, the ring has room (it gets full only at the end
    // of a group, as groups are reclaimed whole), and the doorbell is a plain store.
    private ulong _plainEnd;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override bool TryTransmit(Packet packet)
    {
        ulong next = _next;
        if (IsPlain(packet) && next < _plainEnd)
        {
            ulong index = next & _ring.Mask, length = (ushort)packet.Metadata;
            _ring.Buffers[index] = packet.Buffer;
            var descriptor = _ring.Descriptors + index;
            descriptor->Address = packet.Buffer & _addressMask;
            // A rotation is one instruction, as it can have a destination of its own; a shift takes two.
            descriptor->Command = length + BitOperations.RotateLeft(length, IxgbeTransmitDescriptor.PayloadLengthShift)
                + IxgbeTransmitDescriptor.Whole;
            _next = ++next;
            // A release store: on x86 stores to a device stay behind earlier stores to memory.
            Volatile.Write(ref *_ring.Tail.Pointer, (uint)(next & _ring.Mask));
            return true;
        }
        return TransmitSlowly(packet);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TransmitSlowly(Packet packet)
    {
        int sent = base.Transmit(new ReadOnlySpan<Packet>(in packet));
        _plainEnd = _ring.Tail.Pointer is null ? 0 : _next | _group;
        return sent > 0;
    }

    internal override void RunWith<TReceiver, TLoop>(TReceiver from, ref TLoop loop) =>
        loop.Run(from, new Transmitter(this));

    private readonly struct Transmitter(IxgbeVectorTransmitQueue queue) : ITransmitter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryTransmit(Packet packet) => queue.TryTransmit(packet);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Transmit(ReadOnlySpan<Packet> batch) => queue.Transmit(batch);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryTransmitOrDrop(Packet packet) => queue.TryTransmit(packet) || queue.DropOrLeave(packet);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int TransmitOrDrop(ReadOnlySpan<Packet> batch) => queue.TransmitOrDrop(batch);
    }
}
