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
    internal const int LengthShift = 32;
    internal const ulong HashMask = 0xFFFFFFFF_00000000;

    /// <summary>A good frame in one descriptor has, of these bits, all but the error.</summary>
    internal const ulong WholeMask = DescriptorDone | EndOfPacket | ReceiveError, Whole = DescriptorDone | EndOfPacket;

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
    private readonly bool _virtualAddresses;
    private readonly PacketPool _pool;
    private readonly string _place;
    private readonly uint _mask, _tailDistance, _bufferSize;
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
        _bufferSize = (uint)_pool.BufferSize;
        _memory = DmaMemory.Allocate((nuint)(options.RingSize * sizeof(ReceiveDescriptor)));
        _ring = (ReceiveDescriptor*)_memory.Address;
        _buffers = (ulong*)NativeMemory.AlignedAlloc((nuint)(options.RingSize * sizeof(ulong)), 64);
        _tail = new Doorbell(bar, RDT[index]);
        _virtualAddresses = device.DeviceAddressIsVirtual;
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
        int received = 0, dropped = 0;
        uint from = _next;
        while (true)
        {
            received += _virtualAddresses
                ? TakeWholeFrames<VirtualAddresses>(batch[received..])
                : TakeWholeFrames<PhysicalAddresses>(batch[received..]);
            if (received == batch.Length) break;
            // Either the card has no more, or the ring wraps here, or this frame is none for the application.
            ulong status = Volatile.Read(ref _ring[_next].HeaderOrStatus);
            if ((status & ReceiveDescriptor.DescriptorDone) == 0 || dropped > _mask) break;
            if (IsWholeFrame(status) && _pool.Top != _pool.Bottom) continue;
            Drop(status);
            dropped++;
        }
        if (received + dropped == 0) return 0;
        if (_pool.Checks is not null) Watch(batch[..received], from, (uint)(received + dropped));
        _packets += received;
        _owed += (uint)(received + dropped);
        if (_owed >= _tailDistance) RingDoorbell();
        return received;
    }

    // The hot loop. It takes whole good frames up to the end of the ring and calls nothing, so that all its state stays in
    // CPU registers; whatever is unusual ends it.
    private int TakeWholeFrames<TAddresses>(Span<Packet> batch) where TAddresses : struct, IDeviceAddresses
    {
        ref var packet = ref MemoryMarshal.GetReference(batch);
        var descriptor = _ring + _next;
        ulong* buffers = _buffers + _next, top = _pool.Top;
        uint bufferSize = _bufferSize;
        nint limit = Math.Min(batch.Length, _skipping ? 0 : Math.Min((int)(_mask + 1 - _next), (int)(top - _pool.Bottom)));
        nint taken = 0;
        for (; taken < limit; taken++)
        {
            // An acquire load: the rest of the descriptor and the frame are read after DD was seen.
            ulong status = Volatile.Read(ref descriptor->HeaderOrStatus);
            uint length = (ushort)(status >> ReceiveDescriptor.LengthShift);
            // The length is checked, so that a card that lies about it cannot make us hand out foreign memory.
            if ((status & ReceiveDescriptor.WholeMask) != ReceiveDescriptor.Whole || length - 1 >= bufferSize) break;
            packet.Buffer = buffers[taken];
            packet.Metadata = length | (descriptor->AddressOrHash & ReceiveDescriptor.HashMask);
            ulong fresh = *--top;
            buffers[taken] = fresh;
            descriptor->AddressOrHash = TAddresses.Of(fresh);
            descriptor->HeaderOrStatus = 0;
            descriptor++;
            packet = ref Unsafe.Add(ref packet, 1);
        }
        _pool.Top = top;
        _next = (_next + (uint)taken) & _mask;
        return (int)taken;
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
            _ring[i].AddressOrHash = DeviceAddress(buffer);
        }
    }

    private bool IsWholeFrame(ulong status) => !_skipping
        && (status & ReceiveDescriptor.WholeMask) == ReceiveDescriptor.Whole
        && (ushort)(status >> ReceiveDescriptor.LengthShift) - 1u < _bufferSize;

    // The frame is lost, and counted once if it has several descriptors; its buffer goes back to the card.
    private void Drop(ulong status)
    {
        bool last = (status & ReceiveDescriptor.EndOfPacket) != 0;
        if (last) _dropped++;
        _skipping = !last;
        _ring[_next].AddressOrHash = DeviceAddress(_buffers[_next]);
        _ring[_next].HeaderOrStatus = 0;
        _next = (_next + 1) & _mask;
    }

    private ulong DeviceAddress(ulong buffer) => _virtualAddresses ? VirtualAddresses.Of(buffer) : PhysicalAddresses.Of(buffer);

    private void Watch(Span<Packet> received, uint from, uint seen)
    {
        foreach (ref var packet in received) _pool.Checks!.Lend(ref packet, _place);
        for (uint i = 0; i < seen; i++) _pool.Checks!.LendToCard(_buffers[(from + i) & _mask]);
    }
}
