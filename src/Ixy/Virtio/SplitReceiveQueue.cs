using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Addresses;
using Ixy.Vfio;

namespace Ixy.Virtio;

/// <summary>A receive queue in a split ring (2.7).</summary>
internal sealed unsafe class SplitReceiveQueue<TAddresses> : VirtioReceiveQueue
    where TAddresses : struct, IDeviceAddresses
{
    private readonly SplitRing _ring;
    private readonly SplitDescriptor* _table;
    private readonly ushort* _available;
    private readonly UsedElement* _used;

    internal SplitReceiveQueue(PciDevice device, SplitRing ring, VirtioQueueOptions options)
        : base(device, ring, options)
    {
        _ring = ring;
        _table = ring.Table;
        _available = ring.Available;
        _used = ring.Used;
        for (int id = 0; id < ring.Size; id++) Buffers[id] = TakeBuffer();
        WriteAll();
    }

    private protected override void WriteAll()
    {
        for (ulong id = 0; id <= Mask; id++)
        {
            _table[id].Address = DeviceAddress(Buffers[id]);
            _table[id].Command = WholeBuffer | SplitDescriptor.Write;
        }
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

    // The hot loop. It calls nothing, so that all its state stays in CPU registers; anything unusual ends it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected override int TakeUsual(Span<Packet> batch)
    {
        ref var packet = ref MemoryMarshal.GetReference(batch);
        // Fields are copied to locals: to the compiler, every store through a pointer might change them.
        var (position, mask, header, longest) = (Position, Mask, HeaderLength, LongestUsual);
        var table = _table;
        var available = _available;
        var used = _used;
        var buffers = Buffers;
        ulong* top = Fresh.Top;
        ulong fresh = ((ulong)top - (ulong)Fresh.Bottom) / sizeof(ulong);
        // One read of the index for the whole batch: everything it counts is complete.
        ulong end = position + Math.Min(_ring.CountUsed(position), Math.Min((uint)batch.Length, fresh));
        long bytes = 0;
        for (; position < end; position++)
        {
            ulong place = position & mask, id = used[place].Id;
            uint length = used[place].Length - header;
            // Both are checked, so that a device that lies cannot make us hand out foreign memory.
            if (id > mask || length - 1 >= longest) break;
            packet.Buffer = buffers[id];
            packet.Metadata = length;
            ulong buffer = *--top;
            buffers[id] = buffer;
            table[id].Address = TAddresses.Of(buffer) - header;
            // Usually it is there already: a list that is not written stays in both cores' caches.
            if (available[place] != id) available[place] = (ushort)id;
            bytes += length;
            packet = ref Unsafe.Add(ref packet, 1);
        }
        int taken = (int)(position - Position);
        Fresh.Top = top;
        Position = position;
        Bytes += bytes;
        return taken;
    }

    internal override bool TryPeek(ulong ahead, out ulong id, out uint length)
    {
        (id, length) = (0, 0);
        if (_ring.CountUsed(Position) <= ahead) return false;
        var element = _used[(Position + ahead) & Mask];
        (id, length) = (element.Id, element.Length);
        return id <= Mask ? true
            : throw new DeviceProtocolException(
                $"{Pool.Options.Name}: the device used descriptor {id}: expected 0 to {Mask}");
    }

    internal override void Repost(ulong id, ulong buffer)
    {
        Buffers[id] = buffer;
        _table[id].Address = DeviceAddress(buffer);
        _available[Position++ & Mask] = (ushort)id;
    }

    private protected override ulong DeviceAddress(ulong buffer) => TAddresses.Of(buffer) - HeaderLength;

    internal override void Arm() => _ring.WantInterrupt(Position);

    internal override void Disarm() => _ring.StopInterrupts();

    private protected override void Publish(ulong from, ulong to) => _ring.Publish(from, to);
}
