using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Addresses;
using Ixy.Vfio;

namespace Ixy.Virtio;

/// <summary>
/// A receive queue in a packed ring (2.8). A descriptor is made available again in the place where its buffer was found
/// used, so its position in the next round is the same.
/// </summary>
internal sealed unsafe class PackedReceiveQueue<TAddresses> : VirtioReceiveQueue
    where TAddresses : struct, IDeviceAddresses
{
    private readonly PackedRing _ring;
    private readonly PackedDescriptor* _descriptors;

    internal PackedReceiveQueue(PciDevice device, PackedRing ring, VirtioQueueOptions options)
        : base(device, ring, options)
    {
        _ring = ring;
        _descriptors = ring.Ring;
        for (ulong id = 0; id <= Mask; id++) Buffers[id] = TakeBuffer();
        WriteAll();
    }

    private protected override void WriteAll()
    {
        for (ulong id = 0; id <= Mask; id++) Write(id, id, Buffers[id]);
    }

    /// <inheritdoc/>
    public override int Receive(Span<Packet> batch)
    {
        ulong from = Position;
        int received = TakeUsual(batch);
        // Usually there is no more to do. What may be left is called last, so nothing must be kept across the call.
        if (received == batch.Length && !Publishes(from) && !LooksAtPackets) return received;
        return Finish(batch, from, received);
    }

    // The hot loop. It runs up to the end of the ring, where the meaning of the bits changes, and calls nothing, so
    // that all its state stays in CPU registers; anything unusual ends it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected override int TakeUsual(Span<Packet> batch)
    {
        ref var packet = ref MemoryMarshal.GetReference(batch);
        // Fields are copied to locals: to the compiler, every store through a pointer might change them.
        var (mask, header, longest) = (Mask, HeaderLength, LongestUsual);
        var buffers = Buffers;
        ulong used = _ring.UsedState(Position);
        ulong again = _ring.AvailableState(Position + mask + 1) | PackedDescriptor.Write | WholeBuffer;
        ulong* top = Fresh.Top;
        ulong limit = Math.Min((uint)batch.Length, ((ulong)top - (ulong)Fresh.Bottom) / sizeof(ulong));
        var descriptor = _descriptors + (Position & mask);
        var end = descriptor + Math.Min(limit, mask + 1 - (Position & mask));
        var start = descriptor;
        long bytes = 0;
        for (; descriptor < end; descriptor++)
        {
            // An acquire load: the frame is read after the bits were seen.
            ulong command = Volatile.Read(ref descriptor->Command);
            ulong id = (command & PackedDescriptor.IdMask) >> PackedDescriptor.IdShift;
            uint length = (uint)command - header;
            // Id and length are checked, so that a device that lies cannot make us hand out foreign memory.
            if ((command & PackedDescriptor.StateMask) != used || id > mask || length - 1 >= longest) break;
            packet.Buffer = buffers[id];
            packet.Metadata = length;
            ulong buffer = *--top;
            buffers[id] = buffer;
            descriptor->Address = TAddresses.Of(buffer) - header;
            // A release store: the address is seen before the bits.
            Volatile.Write(ref descriptor->Command, again | id << PackedDescriptor.IdShift);
            bytes += length;
            packet = ref Unsafe.Add(ref packet, 1);
        }
        int taken = (int)(descriptor - start);
        Fresh.Top = top;
        Position += (ulong)taken;
        Bytes += bytes;
        return taken;
    }

    internal override bool TryPeek(ulong ahead, out ulong id, out uint length)
    {
        bool isUsed = _ring.TryReadUsed(Position + ahead, out ulong command);
        id = (command & PackedDescriptor.IdMask) >> PackedDescriptor.IdShift;
        length = (uint)command;
        return !isUsed || id <= Mask ? isUsed
            : throw new DeviceProtocolException(
                $"{Pool.Options.Name}: the device used buffer {id}: expected 0 to {Mask}");
    }

    internal override void Repost(ulong id, ulong buffer)
    {
        Buffers[id] = buffer;
        Write(Position + Mask + 1, id, buffer);
        Position++;
    }

    private protected override ulong DeviceAddress(ulong buffer) => TAddresses.Of(buffer) - HeaderLength;

    internal override void Arm() => _ring.WantInterrupt(Position);

    internal override void Disarm() => _ring.StopInterrupts();

    private protected override void Publish(ulong from, ulong to) => _ring.NotifyIfWanted(from, to);

    private void Write(ulong position, ulong id, ulong buffer)
    {
        ref var descriptor = ref _descriptors[position & Mask];
        descriptor.Address = DeviceAddress(buffer);
        Volatile.Write(ref descriptor.Command,
            _ring.AvailableState(position) | PackedDescriptor.Write | WholeBuffer | id << PackedDescriptor.IdShift);
    }
}
