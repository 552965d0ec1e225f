using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Pools;
using Ixy.Vfio;
using Ixy.Vfio.Dma;
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
    private readonly PciBar _bar;
    private readonly DmaMemory _memory;
    private readonly ReceiveDescriptor* _ring;
    private readonly ulong* _buffers;
    private readonly Doorbell _tail;
    private readonly bool _virtualAddresses;
    private readonly ReceivePath _path;
    private readonly PacketFlags _reported;
    private readonly PacketPool _pool;
    private readonly BufferCache _cache = new(owner: null);
    private readonly BufferStack* _fresh;
    private readonly string _place;
    private readonly ulong _mask, _tailDistanceMask;
    // Free-running: descriptors taken back from the card since the start.
    private ulong _position;
    private uint _longestFrame;
    private long _dropped, _droppedDescriptors;

    internal IxgbeReceiveQueue(PciDevice device, PciBar bar, int index, NetworkDeviceOptions options)
    {
        Index = index;
        _bar = bar;
        _place = $"receive queue {index} of {device.Name}";
        _mask = (ulong)options.RingSize - 1;
        // Few enough to keep the card's part of the ring full.
        _tailDistanceMask = (ulong)Math.Min(32, options.RingSize / 16) - 1;
        _pool = new PacketPool(new PacketPoolOptions
        {
            Count = options.EffectivePoolSize,
            BufferSize = options.EffectiveBufferSize,
            Checked = options.IsChecked,
            NumaNode = device.NumaNode,
            Name = _place,
        });
        _pool.Attach(_cache, isClaimable: false);
        _fresh = _cache.Stack;
        _longestFrame = (uint)_pool.BufferSize;
        _memory = DmaMemory.AllocateContiguous((nuint)(options.RingSize * sizeof(ReceiveDescriptor)), device.NumaNode);
        _ring = (ReceiveDescriptor*)_memory.Address;
        _buffers = (ulong*)NativeMemory.AlignedAlloc((nuint)(options.RingSize * sizeof(ulong)), 64);
        _tail = new Doorbell(bar, RDT[index]);
        _virtualAddresses = device.DeviceAddressIsVirtual;
        _reported = ReportedOffloads.FlagsOf(options.Offloads);
        _path = _reported != 0 ? ReceivePath.Reported : _virtualAddresses ? ReceivePath.Virtual : ReceivePath.Physical;
        RingAddress = _memory.DeviceAddress(device);
        Fill();
    }

    internal int Index { get; }

    internal ulong RingAddress { get; }

    internal uint RingLength => (uint)(_mask + 1) * (uint)sizeof(ReceiveDescriptor);

    /// <inheritdoc/>
    public override PacketPool Pool => _pool;

    /// <inheritdoc/>
    public override long Packets => (long)_position - _droppedDescriptors;

    /// <inheritdoc/>
    public override long Dropped => _dropped;

    /// <inheritdoc/>
    public override int Receive(Span<Packet> batch)
    {
        if (_path == ReceivePath.Virtual) return Receive<VirtualAddresses, NoOffloads>(batch);
        if (_path == ReceivePath.Physical) return Receive<PhysicalAddresses, NoOffloads>(batch);
        return ReceiveReported(batch);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int ReceiveReported(Span<Packet> batch) => _virtualAddresses
        ? Receive<VirtualAddresses, ReportedOffloads>(batch)
        : Receive<PhysicalAddresses, ReportedOffloads>(batch);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Receive<TAddresses, TOffloads>(Span<Packet> batch)
        where TAddresses : struct, IDeviceAddresses where TOffloads : struct, IReceiveOffloads
    {
        ulong from = _position;
        int received = TakeWholeFrames<TAddresses, TOffloads>(batch);
        // Most often there is no more to do; what there may be is called last, so that nothing has to be kept for later.
        if (received == batch.Length && !MovesTail(from) && _pool.Checks is null) return received;
        return Finish<TAddresses, TOffloads>(batch, from, received);
    }

    // The tail costs a trip to the card, so it is moved only when the position passes a multiple of the distance.
    private bool MovesTail(ulong from) => ((from ^ _position) & ~_tailDistanceMask) != 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Finish<TAddresses, TOffloads>(Span<Packet> batch, ulong from, int received)
        where TAddresses : struct, IDeviceAddresses where TOffloads : struct, IReceiveOffloads
    {
        // Either the card has no more, or the ring wraps here, or no fresh buffers are at hand, or this frame is none for the application.
        if (received < batch.Length && (_ring[_position & _mask].HeaderOrStatus & ReceiveDescriptor.DescriptorDone) != 0)
            received += TakeUnusual<TAddresses, TOffloads>(batch[received..]);
        if (_pool.Checks is not null) Watch(batch[..received], from);
        if (!MovesTail(from)) return received;
        RingDoorbell();
        // A block holds a multiple of this distance, so here it most often just ends.
        _cache.Prepare();
        return received;
    }

    // The hot loop. It takes whole good frames up to the end of the ring and calls nothing, so that all its state stays in
    // CPU registers; whatever is unusual ends it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int TakeWholeFrames<TAddresses, TOffloads>(Span<Packet> batch)
        where TAddresses : struct, IDeviceAddresses where TOffloads : struct, IReceiveOffloads
    {
        ref var packet = ref MemoryMarshal.GetReference(batch);
        ulong index = _position & _mask;
        var descriptor = _ring + index;
        ulong* buffers = _buffers + index, top = _fresh->Top;
        uint longest = _longestFrame;
        var reported = _reported;
        nint limit = Math.Min(batch.Length, (int)Math.Min(_mask + 1 - index, ((ulong)top - (ulong)_fresh->Bottom) / sizeof(ulong)));
        nint taken = 0;
        for (; taken < limit; taken++)
        {
            // An acquire load: the rest of the descriptor and the frame are read after DD was seen.
            ulong status = Volatile.Read(ref descriptor->HeaderOrStatus);
            uint length = (ushort)(status >> ReceiveDescriptor.LengthShift);
            // The length is checked, so that a card that lies about it cannot make us hand out foreign memory.
            if ((status & ReceiveDescriptor.WholeMask) != ReceiveDescriptor.Whole || length - 1 >= longest) break;
            packet.Buffer = buffers[taken];
            packet.Metadata = length | (descriptor->AddressOrHash & ReceiveDescriptor.HashMask) | TOffloads.Report(status, packet.Buffer, reported);
            ulong fresh = *--top;
            buffers[taken] = fresh;
            descriptor->AddressOrHash = TAddresses.Of(fresh);
            descriptor->HeaderOrStatus = 0;
            descriptor++;
            packet = ref Unsafe.Add(ref packet, 1);
        }
        _fresh->Top = top;
        _position += (ulong)taken;
        return (int)taken;
    }

    // Goes on behind the end of the ring or with fresh buffers, and drops what cannot be handed out; at most a ring full, so that a flood of
    // such frames does not hold the caller.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int TakeUnusual<TAddresses, TOffloads>(Span<Packet> batch)
        where TAddresses : struct, IDeviceAddresses where TOffloads : struct, IReceiveOffloads
    {
        int received = 0;
        for (ulong end = _position + _mask + 1; received < batch.Length && _position < end;)
        {
            ulong status = Volatile.Read(ref _ring[_position & _mask].HeaderOrStatus);
            if ((status & ReceiveDescriptor.DescriptorDone) == 0) break;
            int taken = TakeWholeFrames<TAddresses, TOffloads>(batch[received..]);
            if (taken == 0 && !_cache.TryRefill()) Drop<TAddresses>(status);
            received += taken;
        }
        return received;
    }

    // The frame is lost, and counted once if it has several descriptors; its buffer goes back to the card.
    private void Drop<TAddresses>(ulong status) where TAddresses : struct, IDeviceAddresses
    {
        ulong index = _position++ & _mask;
        bool last = (status & ReceiveDescriptor.EndOfPacket) != 0;
        if (last) _dropped++;
        _droppedDescriptors++;
        // While the rest of a frame is awaited, no descriptor is a whole frame.
        _longestFrame = last ? (uint)_pool.BufferSize : 0;
        _ring[index].AddressOrHash = TAddresses.Of(_buffers[index]);
        _ring[index].HeaderOrStatus = 0;
    }

    internal override bool HasArrivals =>
        (Volatile.Read(ref _ring[_position & _mask].HeaderOrStatus) & ReceiveDescriptor.DescriptorDone) != 0;

    /// <remarks>
    /// A cause is set while it is masked, too, and interrupts as soon as it is enabled: no packet is ever slept over. So after
    /// polling the first interrupt may be about packets that were taken long ago.
    /// </remarks>
    internal override void Arm() => _bar.Write32(EIMS_EX[Index / 32], 1u << Index % 32);

    /// <remarks>The interrupt has masked itself (7.3.1.5). If it has not come yet, it comes once, and is noticed by the next wait.</remarks>
    internal override void Disarm()
    {
        // A trip to the card would cost more than that.
    }

    /// <summary>The first doorbell, once the queue is enabled (4.6.7): all descriptors but one, so that full and empty differ.</summary>
    internal void RingDoorbell() => _tail.Ring((uint)((_position - 1) & _mask));

    /// <summary>Returns all memory; the card must be quiet.</summary>
    public void Dispose()
    {
        PacketPool.FreeSent(BufferCaches.OfThread, _buffers, (int)_mask + 1);
        _pool.Detach(_cache);
        NativeMemory.AlignedFree(_buffers);
        _memory.Dispose();
        _pool.Dispose();
    }

    private void Fill()
    {
        for (ulong i = 0; i <= _mask; i++)
        {
            _cache.TryTake(out ulong buffer);
            _pool.Checks?.LendToCard(buffer);
            _buffers[i] = buffer;
            _ring[i].AddressOrHash = _virtualAddresses ? VirtualAddresses.Of(buffer) : PhysicalAddresses.Of(buffer);
        }
    }

    private void Watch(Span<Packet> received, ulong from)
    {
        foreach (ref var packet in received) _pool.Checks!.Lend(ref packet, _place);
        for (ulong position = from; position < _position; position++) _pool.Checks!.LendToCard(_buffers[position & _mask]);
    }
}
