using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Addresses;
using Ixy.Checks;
using Ixy.Vfio;

namespace Ixy.Virtio;

/// <summary>
/// A transmit queue in a split ring (2.7). The driver's part of the available ring lists the free descriptors, so it
/// need not be written as long as the device finishes them in order.
/// </summary>
internal sealed unsafe class SplitTransmitQueue<TAddresses>(
    PciDevice device, SplitRing ring, VirtioQueueOptions options)
    : VirtioTransmitQueue(device, ring, options) where TAddresses : struct, IDeviceAddresses
{
    private readonly SplitDescriptor* _table = ring.Table;
    private readonly ushort* _available = ring.Available;
    private readonly UsedElement* _used = ring.Used;

    /// <inheritdoc/>
    public override bool IsDrained => ring.CountUsed(Clean) == Next - Clean;

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        if (ShouldReclaim(batch.Length)) Reclaim();
        return TransmitUsual(batch);
    }

    // The hot loop. It calls nothing until everything is written.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int TransmitUsual(ReadOnlySpan<Packet> batch)
    {
        ulong next = Next;
        ulong end = next + Math.Min((uint)batch.Length, Mask + 1 - (next - Clean));
        if (next == end) return 0;
        ref var packet = ref MemoryMarshal.GetReference(batch);
        // Fields are copied to locals: to the compiler, every store through a pointer might change them.
        var (mask, header, plainLengths) = (Mask, HeaderLength, PlainLengths);
        var table = _table;
        var available = _available;
        var buffers = Buffers;
        ulong all = 0;
        long bytes = 0;
        for (; next != end; next++)
        {
            ulong buffer = packet.Buffer, metadata = packet.Metadata;
            uint length = (ushort)metadata;
            // Other lengths are refused, or have a VLAN tag.
            if (length - FrameLengths.Shortest >= plainLengths) break;
            all |= metadata;
            // The mask: a value in shared memory must never lead outside our own memory.
            ulong id = available[next & mask] & mask;
            buffers[id] = buffer;
            ClearHeader(buffer);
            table[id].Address = TAddresses.Of(buffer) - header;
            table[id].Command = length + header;
            bytes += length;
            packet = ref Unsafe.Add(ref packet, 1);
        }
        if (next != end || (all & Packet.RequestsMask) != 0) return TransmitOneByOne(batch, next);
        int count = (int)(next - Next);
        if ((all & Packet.LoanMask) != 0) PacketPoolChecks.Give(batch[..count]);
        Bytes += bytes;
        Publish(next);
        return count;
    }

    private protected override bool TryReadUsed(ulong position, out ulong id)
    {
        bool isUsed = ring.CountUsed(position) != 0;
        id = isUsed ? _used[position & Mask].Id : 0;
        return isUsed;
    }

    private protected override void NameBuffers()
    {
        // The available ring has it.
    }

    private protected override void Reuse(ulong position, ulong id)
    {
        if (_available[position & Mask] != id) _available[position & Mask] = (ushort)id;
    }

    private protected override void Write(ulong position, ulong buffer, ulong address, uint length)
    {
        ulong id = TakeBack(position);
        Buffers[id] = buffer;
        (_table[id].Address, _table[id].Command) = (address, length);
    }

    private protected override void Publish(ulong to)
    {
        ring.Publish(Next, to);
        Next = to;
    }

    private protected override ulong DeviceAddress(ulong buffer) => TAddresses.Of(buffer) - HeaderLength;

    private protected override ulong TakeBack(ulong position) => _available[position & Mask] & Mask;
}
