using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Addresses;
using Ixy.Pools;
using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

/// <summary>
/// An advanced receive descriptor (7.1.6): addresses on the way to the card, a report on the way back.
/// </summary>
internal struct IxgbeReceiveDescriptor
{
    internal const ulong DescriptorDone = 1, EndOfPacket = 2, ReceiveError = 1u << 29, HashMask = 0xFFFFFFFF_00000000;
    internal const int LengthShift = 32;

    /// <summary>A good frame in one descriptor has all of these bits set except the error.</summary>
    internal const ulong WholeMask = DescriptorDone | EndOfPacket | ReceiveError, Whole = DescriptorDone | EndOfPacket;

    /// <summary>Read: buffer address. Written back: packet type, and in the high half the RSS hash.</summary>
    internal ulong AddressOrHash;

    /// <summary>
    /// Read: header buffer address, 0. Written back: status, errors (20), length (32), VLAN tag (48).
    /// </summary>
    internal ulong HeaderOrStatus;
}

/// <summary>
/// A receive ring. The card owns the descriptors from its head up to the tail, this queue the others.
/// </summary>
/// <typeparam name="TAddresses">How the card addresses buffers.</typeparam>
/// <typeparam name="TOffloads">What part of the card's report goes into packets.</typeparam>
internal unsafe partial class IxgbeReceiveQueue<TAddresses, TOffloads> : ReceiveQueue, IDisposable
    where TAddresses : struct, IDeviceAddresses where TOffloads : struct, IReceiveOffloads
{
    private protected readonly IxgbeRing<IxgbeReceiveDescriptor> _ring;
    private readonly ulong _reported;
    private protected readonly BufferBlock _fresh;
    private protected readonly ulong _tailDistanceMask;
    // Free-running: descriptors taken back from the card since the start, and that count when the tail last moved. And
    // the longest frame that one descriptor holds; 0 while the rest of a longer one is outstanding.
    private protected ulong _position, _tailMovedAt, _longestFrame;
    private long _dropped, _droppedDescriptors;

    internal IxgbeReceiveQueue(PciDevice device, PciBar bar, int index, NetworkDeviceOptions options, ulong wanted = 0)
    {
        _reported = wanted;
        // Moving the tail costs a trip to the card, so it moves only when the position passes a multiple of this
        // distance: short enough to keep the card's part of the ring full.
        _tailDistanceMask = (ulong)Math.Min(32, options.RingSize / 16) - 1;
        // These come first: where the card does not answer, there is nothing to give back yet.
        bar.Write32(SRRCTL[index], (uint)options.EffectiveBufferSize / SRRCTL_.SizeUnit | SRRCTL_.OneBuffer);
        // Set after a reset, and must be cleared (8.2.3.11.1).
        bar.Write32(DCA_RXCTRL[index], bar.Read32(DCA_RXCTRL[index]) & ~DCA_RXCTRL_.MustBeZero);
        Pool = new PacketPool(new PacketPoolOptions
        {
            Count = options.EffectivePoolSize,
            BufferSize = options.EffectiveBufferSize,
            Checked = options.IsChecked,
            NumaNode = device.NumaNode,
            Name = $"receive queue {index} of {device.Name}",
        });
        try { _ring = new(device, bar, options.RingSize, RDBAL[index], RDBAH[index], RDLEN[index], RDT[index]); }
        catch { Pool.Dispose(); throw; }
        (_fresh, _longestFrame) = (new(Pool), (uint)Pool.BufferSize);
        Pool.Take(new(_ring.Buffers, options.RingSize));
        for (ulong i = 0; i <= _ring.Mask; i++) _ring.Descriptors[i].AddressOrHash = TAddresses.Of(_ring.Buffers[i]);
    }

    /// <inheritdoc/>
    public override PacketPool Pool { get; }

    /// <inheritdoc/>
    public override long Dropped => _dropped;

    // The loop takes whole good frames up to the end of the ring, and calls nothing, so that all its state stays in CPU
    // registers. Anything unusual ends it with a tail call: no value has to survive it.
    /// <inheritdoc/>
    public override int Receive(Span<Packet> batch)
    {
        ref var packet = ref MemoryMarshal.GetReference(batch);
        ulong index = _position & _ring.Mask;
        var descriptor = _ring.Descriptors + index;
        ulong* buffers = _ring.Buffers + index, top = _fresh.Top;
        var (longest, reported) = (_longestFrame, _reported);
        nint limit = Math.Min(batch.Length, (int)Math.Min(_ring.Mask + 1 - index, (ulong)_fresh.Count));
        nint taken = 0;
        for (; taken < limit; taken++)
        {
            // An acquire load: the rest of the descriptor and the frame are read after DD was seen.
            ulong status = Volatile.Read(ref descriptor->HeaderOrStatus);
            if (!IsWhole(status, longest)) break;
            packet.Buffer = buffers[taken];
            packet.Metadata = LengthOf(status) | (descriptor->AddressOrHash & IxgbeReceiveDescriptor.HashMask)
                | TOffloads.Report(status, packet.Buffer, reported);
            ulong fresh = *--top;
            buffers[taken] = fresh;
            descriptor->AddressOrHash = TAddresses.Of(fresh);
            descriptor->HeaderOrStatus = 0;
            descriptor++;
            packet = ref Unsafe.Add(ref packet, 1);
        }
        _fresh.Top = top;
        _position += (ulong)taken;
        return taken == batch.Length && !TailIsDue ? (int)taken : Finish(batch, (int)taken);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected int Finish(Span<Packet> batch, int received)
    {
        bool goesOn = received < batch.Length && HasArrivals && (CanTakeNext || DropUpToNext());
        if (TailIsDue) MoveTail();
        return goesOn ? received + Receive(batch[received..]) : received;
    }

    private protected void MoveTail()
    {
        _tailMovedAt = _position;
        // All descriptors but one, so that full and empty differ.
        _ring.Tail.Ring((uint)((_position - 1) & _ring.Mask));
        // A block holds a multiple of this distance, so here it usually just ends.
        _fresh.TryRefill();
    }

    private protected bool TailIsDue => ((_tailMovedAt ^ _position) & ~_tailDistanceMask) != 0;

    private ref IxgbeReceiveDescriptor Next => ref _ring.Descriptors[_position & _ring.Mask];

    // False if the pool is empty, or at a frame that the application must not see.
    private bool CanTakeNext => IsWhole(Next.HeaderOrStatus, _longestFrame)
        && (_fresh.Count > 0 || _fresh.TryRefill());

    // The length is checked, so that a card that lies about it cannot make us hand out foreign memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected static bool IsWhole(ulong status, ulong longest) =>
        (status & IxgbeReceiveDescriptor.WholeMask) == IxgbeReceiveDescriptor.Whole && LengthOf(status) - 1 < longest;

    private protected static uint LengthOf(ulong status) => (ushort)(status >> IxgbeReceiveDescriptor.LengthShift);

    internal override bool HasArrivals =>
        (Volatile.Read(ref Next.HeaderOrStatus) & IxgbeReceiveDescriptor.DescriptorDone) != 0;

    /// <summary>Returns all memory; the card must be quiesced.</summary>
    public void Dispose()
    {
        using var pool = Pool;
        using var ring = _ring;
        PacketPool.Free(new ReadOnlySpan<ulong>(_ring.Buffers, (int)_ring.Mask + 1));
        _fresh.Dispose();
    }
}
