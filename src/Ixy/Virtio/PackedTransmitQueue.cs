using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Addresses;
using Ixy.Checks;
using Ixy.Vfio;

namespace Ixy.Virtio;

/// <summary>
/// A transmit queue in a packed ring (2.8). A used descriptor contains the id of a free buffer slot, which the next
/// packet at the same place in the ring takes.
/// </summary>
internal sealed unsafe class PackedTransmitQueue<TAddresses> : VirtioTransmitQueue
    where TAddresses : struct, IDeviceAddresses
{
    private readonly PackedRing _ring;
    private readonly PackedDescriptor* _descriptors;
    // The first descriptor of the batch being written, which the device sees last.
    private ulong _firstCommand;

    internal PackedTransmitQueue(PciDevice device, PackedRing ring, VirtioQueueOptions options)
        : base(device, ring, options)
    {
        _ring = ring;
        _descriptors = ring.Ring;
        NameBuffers();
    }

    private protected override void NameBuffers()
    {
        for (ulong id = 0; id <= Mask; id++) _descriptors[id].Command = id << PackedDescriptor.IdShift;
    }

    /// <inheritdoc/>
    public override bool IsDrained
    {
        get
        {
            ulong position = Clean;
            while (position != Next && _ring.TryReadUsed(position, out _)) position++;
            return position == Next;
        }
    }

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        if (ShouldReclaim(batch.Length)) Reclaim();
        return TransmitUsual(batch);
    }

    // The hot loop. It calls nothing until everything is written. The device reads descriptors in order, so the bits of
    // the first are written last: it sees the whole batch or nothing.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int TransmitUsual(ReadOnlySpan<Packet> batch)
    {
        ulong next = Next;
        ulong end = next + Math.Min((uint)batch.Length, Mask + 1 - (next - Clean));
        if (next == end) return 0;
        ref var packet = ref MemoryMarshal.GetReference(batch);
        // Fields are copied to locals: to the compiler, every store through a pointer might change them.
        var (mask, header, plainLengths) = (Mask, HeaderLength, PlainLengths);
        var buffers = Buffers;
        var descriptors = _descriptors;
        ulong first = next, firstCommand = 0, all = 0;
        long bytes = 0;
        for (; next != end; next++)
        {
            ulong buffer = packet.Buffer, metadata = packet.Metadata;
            uint length = (ushort)metadata;
            // Other lengths are refused, or have a VLAN tag.
            if (length - FrameLengths.Shortest >= plainLengths) break;
            all |= metadata;
            var descriptor = descriptors + (next & mask);
            // The mask: a value in shared memory must never lead outside our own memory.
            ulong id = descriptor->Command >> PackedDescriptor.IdShift & mask;
            buffers[id] = buffer;
            ClearHeader(buffer);
            descriptor->Address = TAddresses.Of(buffer) - header;
            ulong state = (next & (mask + 1)) == 0 ? PackedDescriptor.Available : PackedDescriptor.Used;
            ulong command = length + header | id << PackedDescriptor.IdShift | state;
            if (next == first) firstCommand = command;
            else descriptor->Command = command;
            bytes += length;
            packet = ref Unsafe.Add(ref packet, 1);
        }
        if (next != end || (all & Packet.RequestsMask) != 0) return TransmitOneByOne(batch, next);
        int count = (int)(next - first);
        if ((all & Packet.LoanMask) != 0) PacketPoolChecks.Give(batch[..count]);
        _firstCommand = firstCommand;
        Bytes += bytes;
        Publish(next);
        return count;
    }

    private protected override bool TryReadUsed(ulong position, out ulong id)
    {
        bool isUsed = _ring.TryReadUsed(position, out ulong command);
        id = (command & PackedDescriptor.IdMask) >> PackedDescriptor.IdShift;
        return isUsed;
    }

    private protected override void Reuse(ulong position, ulong id)
    {
        // The device wrote it into the descriptor.
    }

    private protected override void Write(ulong position, ulong buffer, ulong address, uint length)
    {
        ref var descriptor = ref _descriptors[position & Mask];
        ulong id = descriptor.Command >> PackedDescriptor.IdShift & Mask;
        Buffers[id] = buffer;
        descriptor.Address = address;
        ulong command = length | id << PackedDescriptor.IdShift | _ring.AvailableState(position);
        if (position == Next) _firstCommand = command;
        else descriptor.Command = command;
    }

    private protected override void Publish(ulong to)
    {
        ulong first = Next;
        // A release store: the rest is visible before these bits.
        Volatile.Write(ref _descriptors[first & Mask].Command, _firstCommand);
        Next = to;
        _ring.NotifyIfWanted(first, to);
    }

    private protected override ulong DeviceAddress(ulong buffer) => TAddresses.Of(buffer) - HeaderLength;

    private protected override ulong TakeBack(ulong position)
    {
        ref ulong command = ref _descriptors[position & Mask].Command;
        ulong id = command >> PackedDescriptor.IdShift & Mask;
        // As the device left it a round ago, or as at the start.
        command = id << PackedDescriptor.IdShift | _ring.UsedState(position - Mask - 1);
        return id;
    }
}
