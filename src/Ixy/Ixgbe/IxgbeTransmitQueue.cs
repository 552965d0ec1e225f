using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Pools;
using Ixy.Vfio;
using Ixy.Vfio.Dma;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

/// <summary>An advanced transmit data descriptor (datasheet 7.2.3.2.4).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TransmitDescriptor
{
    internal const ulong Data = 3ul << 20, EndOfPacket = 1ul << 24, InsertFcs = 1ul << 25, ReportStatus = 1ul << 27;
    internal const ulong Advanced = 1ul << 29, DescriptorDone = 1ul << 32;
    internal const ulong InsertVlan = 1ul << 30, IpChecksum = 1ul << 40, L4Checksum = 1ul << 41;
    internal const int PayloadLengthShift = 46, ContextIndexShift = 36;

    /// <summary>Command of a frame in one descriptor.</summary>
    internal const ulong WholeFrame = Data | Advanced | EndOfPacket | InsertFcs;

    internal ulong Address;

    /// <summary>Length (0), type (20), command (24); status with DD (32), offloads, length of the whole frame (46).</summary>
    internal ulong Command;
}

/// <summary>
/// A transmit ring. The card reports only the last descriptor of each group of 32 as sent (RS), and the buffers of a
/// group go back to their pools together: a thirty-second of the write-backs, and one look for 32 packets.
/// </summary>
internal sealed unsafe partial class IxgbeTransmitQueue : TransmitQueue, IDisposable
{
    // The card takes no shorter ones (7.2.3.2.4), though it fills up to 60 bytes with zeros what it takes (HLREG0.TXPADEN).
    private const uint ShortestToSend = 17;

    private readonly DmaMemory _memory;
    private readonly TransmitDescriptor* _ring;
    private readonly ulong* _buffers;
    private readonly BufferCaches _sent = new();
    private readonly Doorbell _tail;
    private readonly bool _virtualAddresses;
    private readonly PciBar _bar;
    private readonly TransmitLimits _limits;
    // How many lengths, from the shortest on, need no second look.
    private readonly uint _plainLengths;
    // One less than a power of two each: the descriptors of the ring, and of a group.
    private readonly ulong _mask, _group;
    // Free-running: descriptors given to the card, those of them whose buffers are back, and the one that reports the next group.
    private ulong _next, _clean, _report;

    internal IxgbeTransmitQueue(PciDevice device, PciBar bar, int index, NetworkDeviceOptions options)
    {
        Index = index;
        _bar = bar;
        _mask = (ulong)options.RingSize - 1;
        _group = (ulong)Math.Min(32, options.RingSize / 4) - 1;
        _report = _group;
        _limits = new(options.Offloads, options.MaxFrameSize, TransmitContext.LongestIpHeader);
        _plainLengths = (uint)options.MaxFrameSize - ShortestToSend + 1;
        _memory = DmaMemory.AllocateContiguous((nuint)(options.RingSize * sizeof(TransmitDescriptor)), device.NumaNode);
        _ring = (TransmitDescriptor*)_memory.Address;
        _buffers = (ulong*)NativeMemory.AlignedAlloc((nuint)(options.RingSize * sizeof(ulong)), 64);
        _tail = new Doorbell(bar, TDT[index]);
        _virtualAddresses = device.DeviceAddressIsVirtual;
        RingAddress = _memory.DeviceAddress(device);
    }

    internal int Index { get; }

    internal ulong RingAddress { get; }

    internal uint RingLength => (uint)(_mask + 1) * (uint)sizeof(TransmitDescriptor);

    /// <inheritdoc/>
    public override long Packets => (long)(_next - _contextsWritten);

    /// <inheritdoc/>
    public override int Pending => (int)(_next - _clean - _contextsPending);

    /// <inheritdoc/>
    public override bool IsDrained => _bar.Read32(TDH[Index]) == (_next & _mask);

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        if (HasReport) return ReclaimAndTransmit(batch);
        return _virtualAddresses ? Transmit<VirtualAddresses>(batch) : Transmit<PhysicalAddresses>(batch);
    }

    // The hot loop. It calls nothing, but for what is unusual, and that last: so nothing has to be kept for later.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Transmit<TAddresses>(ReadOnlySpan<Packet> batch) where TAddresses : struct, IDeviceAddresses
    {
        ulong next = _next;
        // One descriptor stays free, so that full and empty differ.
        ulong end = next + Math.Min((uint)batch.Length, _mask - (next - _clean));
        if (next == end) return 0;
        ref var packet = ref MemoryMarshal.GetReference(batch);
        // Fields are copied to locals: to the compiler, every store through a pointer might change them.
        var (mask, group, plainLengths) = (_mask, _group, _plainLengths);
        var ring = _ring;
        var buffers = _buffers;
        ulong all = 0;
        for (; next != end; next++)
        {
            ulong buffer = packet.Buffer, metadata = packet.Metadata;
            uint length = (ushort)metadata;
            // Others are refused, filled up, or have a VLAN tag.
            if (length - ShortestToSend >= plainLengths) break;
            all |= metadata;
            ulong index = next & mask;
            buffers[index] = buffer;
            ring[index].Address = TAddresses.Of(buffer);
            ulong command = length | (ulong)length << TransmitDescriptor.PayloadLengthShift | TransmitDescriptor.WholeFrame;
            if ((next & group) == group) command |= TransmitDescriptor.ReportStatus;
            ring[index].Command = command;
            packet = ref Unsafe.Add(ref packet, 1);
        }
        all &= Packet.UnusualMask;
        if (next != end) all = ulong.MaxValue;
        if (all != 0 || !_tail.TryRing((uint)(next & mask))) return Finish(batch, next, all);
        int count = (int)(next - _next);
        _next = next;
        return count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Finish(ReadOnlySpan<Packet> batch, ulong next, ulong unusual)
    {
        if ((unusual & ~Packet.LoanMask) != 0) return TransmitOneByOne(batch);
        int count = (int)(next - _next);
        // Nothing is committed yet: if a packet turns out to be misused, the card has seen none of the batch.
        if (unusual != 0) PacketPoolChecks.Transmit(batch[..count]);
        Commit(next);
        return count;
    }

    private void Commit(ulong next)
    {
        _next = next;
        _tail.Ring((uint)(next & _mask));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int ReclaimAndTransmit(ReadOnlySpan<Packet> batch)
    {
        do FreeGroup();
        while (HasReport);
        return _virtualAddresses ? Transmit<VirtualAddresses>(batch) : Transmit<PhysicalAddresses>(batch);
    }

    // The card has sent the oldest group.
    private bool HasReport => _next > _report
        && (Volatile.Read(ref _ring[_report & _mask].Command) & TransmitDescriptor.DescriptorDone) != 0;

    private void FreeGroup()
    {
        var group = _buffers + (_clean & _mask);
        _clean += _group + 1;
        _report = _clean + _group;
        if (_contextsPending == 0) PacketPool.FreeSent(_sent, group, (int)_group + 1);
        else FreeBetweenContexts(group);
    }

    /// <summary>Returns all memory, also the buffers that were never sent; the card must be quiet.</summary>
    public void Dispose()
    {
        for (; _clean != _next; _clean++) PacketPool.FreeSent(_sent, _buffers + (_clean & _mask), IsContext(_clean) ? 0 : 1);
        _sent.Dispose();
        NativeMemory.AlignedFree(_buffers);
        _memory.Dispose();
    }
}
