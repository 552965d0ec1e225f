using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

/// <summary>An advanced receive descriptor (datasheet 7.1.6): addresses on the way to the card, a report on the way back.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ReceiveDescriptor
{
    internal const ulong DescriptorDone = 1, EndOfPacket = 2, ReceiveError = 1u << 29;
    internal const int LengthShift = 32, HashShift = 32;

    /// <summary>Read: buffer address. Written back: packet type, and in the high half the RSS hash.</summary>
    internal ulong AddressOrHash;

    /// <summary>Read: header buffer address, 0. Written back: status, errors (20), length (32), VLAN tag (48).</summary>
    internal ulong HeaderOrStatus;
}

/// <summary>A receive ring. The card owns the descriptors from its head up to the tail, this queue the others.</summary>
internal sealed unsafe class IxgbeReceiveQueue : ReceiveQueue, IDisposable
{
    private readonly DmaMemory _memory;
    private readonly ReceiveDescriptor* _ring;
    private readonly ulong* _buffers;
    private readonly Doorbell _tail;
    private readonly DeviceAddresses _deviceAddresses;
    private readonly PacketPool _pool;
    private readonly string _place;
    private readonly uint _mask, _tailDistance;
    private uint _next, _owed;
    private bool _skipping;
    private long _packets, _dropped;

    internal IxgbeReceiveQueue(PciDevice device, PciBar bar, int index, NetworkDeviceOptions options)
    {
        Index = index;
        _place = $"receive queue {index} of {device.Name}";
        _mask = (uint)options.RingSize - 1;
        // The tail costs a trip to the card, so some descriptors are collected first; few enough to keep the ring full.
        _tailDistance = (uint)Math.Min(32, options.RingSize / 16);
        _pool = new PacketPool(new PacketPoolOptions
        {
            Count = options.EffectivePoolSize,
            BufferSize = options.EffectiveBufferSize,
            Name = _place,
        } with { Checked = options.CheckedPools ?? new PacketPoolOptions().Checked });
        _memory = DmaMemory.Allocate((nuint)(options.RingSize * sizeof(ReceiveDescriptor)));
        _ring = (ReceiveDescriptor*)_memory.Address;
        _buffers = (ulong*)NativeMemory.AlignedAlloc((nuint)(options.RingSize * sizeof(ulong)), 64);
        _tail = new Doorbell(bar, RDT[index]);
        _deviceAddresses = new DeviceAddresses(device);
        RingAddress = _memory.DeviceAddress(device);
        Fill();
    }

    internal int Index { get; }

    internal ulong RingAddress { get; }

    internal uint RingLength => (_mask + 1) * (uint)sizeof(ReceiveDescriptor);

    /// <inheritdoc/>
    public override PacketPool Pool => _pool;

    /// <inheritdoc/>
    public override long Packets => _packets;

    /// <inheritdoc/>
    public override long Dropped => _dropped;

    /// <inheritdoc/>
    public override int Receive(Span<Packet> batch)
    {
        ref var packet = ref MemoryMarshal.GetReference(batch);
        uint index = _next, seen = 0;
        int received = 0;
        var bottom = _pool.Bottom;
        var top = _pool.Top;
        for (; seen < (uint)batch.Length; seen++)
        {
            var descriptor = _ring + index;
            // An acquire load: the rest of the descriptor and the frame are read after DD was seen.
            ulong status = Volatile.Read(ref descriptor->HeaderOrStatus);
            if ((status & ReceiveDescriptor.DescriptorDone) == 0) break;
            uint length = (ushort)(status >> ReceiveDescriptor.LengthShift);
            ulong buffer = _buffers[index];
            // A card that lies about the length must not make us hand out memory beyond the buffer.
            const ulong Whole = ReceiveDescriptor.EndOfPacket;
            if ((status & (Whole | ReceiveDescriptor.ReceiveError)) == Whole && !_skipping
                && length - 1 < (uint)_pool.BufferSize && top != bottom)
            {
                Unsafe.Add(ref packet, received++) = new Packet
                {
                    Buffer = buffer,
                    ByteLength = (ushort)length,
                    Hash = (uint)(descriptor->AddressOrHash >> ReceiveDescriptor.HashShift),
                };
                buffer = *--top;
                _buffers[index] = buffer;
            }
            else
            {
                Drop(status);
            }
            descriptor->AddressOrHash = _deviceAddresses.Of(buffer);
            descriptor->HeaderOrStatus = 0;
            index = (index + 1) & _mask;
        }
        if (seen == 0) return 0;
        _pool.Top = top;
        if (_pool.Checks is not null) Watch(batch[..received], _next, seen);
        _packets += received;
        _next = index;
        _owed += seen;
        if (_owed >= _tailDistance) RingDoorbell();
        return received;
    }

    /// <summary>The first doorbell, once the queue is enabled (4.6.7): all descriptors but one, so that full and empty differ.</summary>
    internal void RingDoorbell()
    {
        _owed = 0;
        _tail.Ring((_next - 1) & _mask);
    }

    /// <summary>Returns all memory; the card must be quiet.</summary>
    public void Dispose()
    {
        PacketPool.FreeSent(_buffers, (int)_mask + 1);
        NativeMemory.AlignedFree(_buffers);
        _memory.Dispose();
        _pool.Dispose();
    }

    private void Fill()
    {
        for (uint i = 0; i <= _mask; i++)
        {
            ulong buffer = *--_pool.Top;
            _pool.Checks?.LendToCard(buffer);
            _buffers[i] = buffer;
            _ring[i].AddressOrHash = _deviceAddresses.Of(buffer);
        }
    }

    // The frame is lost and counted once; its buffer goes back to the card.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Drop(ulong status)
    {
        bool last = (status & ReceiveDescriptor.EndOfPacket) != 0;
        if (last) _dropped++;
        _skipping = !last;
    }

    private void Watch(Span<Packet> received, uint from, uint seen)
    {
        foreach (ref var packet in received) _pool.Checks!.Lend(ref packet, _place);
        for (uint i = 0; i < seen; i++) _pool.Checks!.LendToCard(_buffers[(from + i) & _mask]);
    }
}
