using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Addresses;
using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

/// <summary>An advanced transmit data descriptor (datasheet 7.2.3.2.4).</summary>
internal struct IxgbeTransmitDescriptor
{
    internal const ulong Data = 3ul << 20, EndOfPacket = 1ul << 24, InsertFcs = 1ul << 25, ReportStatus = 1ul << 27;
    internal const ulong Advanced = 1ul << 29, DescriptorDone = 1ul << 32;
    internal const int PayloadLengthShift = 46;

    /// <summary>Command of a frame in one descriptor, but for its length.</summary>
    internal const ulong Whole = Data | Advanced | EndOfPacket | InsertFcs;

    /// <summary>The same with its length.</summary>
    internal static ulong WholeFrame(ulong length) => length | length << PayloadLengthShift | Whole;

    internal ulong Address;

    /// <summary>
    /// Length (0), type (20), command (24); status with DD (32), offloads, length of the whole frame (46).
    /// </summary>
    internal ulong Command;

    /// <summary>The card has sent it: its memory is no longer needed.</summary>
    internal readonly bool IsDone => (Volatile.Read(in Command) & DescriptorDone) != 0;
}

/// <summary>
/// A transmit ring. The card reports only the last descriptor of each group of 32 as sent (RS): a thirty-second of the
/// write-backs. Several groups of buffers go back to their pools together: one look and one lock for up to 128 packets.
/// </summary>
/// <typeparam name="TAddresses">How the card addresses buffers.</typeparam>
internal unsafe partial class IxgbeTransmitQueue<TAddresses> : TransmitQueue, IDisposable
    where TAddresses : struct, IDeviceAddresses
{
    // The card takes no shorter ones (7.2.3.2.4), although it pads what it takes to 60 bytes with zeros
    // (HLREG0.TXPADEN).
    private protected const uint ShortestToSend = 17;

    private protected readonly IxgbeRing<IxgbeTransmitDescriptor> _ring;
    private readonly PciBar _bar;
    private readonly uint _head;
    private readonly NetworkDeviceOptions _options;
    // How many lengths, from the shortest up, need no second check; and, each one less than a power of two, the
    // descriptors of a group, and of a unit reclaimed together.
    private protected readonly ulong _plainLengths, _group, _unit;
    // Free-running: descriptors given to the card, those whose buffers were reclaimed, and the one that reports the
    // next unit to reclaim; and how many of the pending ones are contexts (IxgbeTransmitQueue.Offloads.cs).
    private protected ulong _next, _clean, _report, _contextsPending;

    internal IxgbeTransmitQueue(PciDevice device, PciBar bar, int index, NetworkDeviceOptions options)
    {
        (_bar, _head, _options) = (bar, TDH[index], options);
        _group = (ulong)Math.Min(32, options.RingSize / 4) - 1;
        _unit = (ulong)Math.Min(128, options.RingSize / 4) - 1;
        _report = _unit;
        _plainLengths = (uint)options.MaxFrameSize - ShortestToSend + 1;
        // 7.2.3.4. PTHRESH 32: prefetch while fewer than 32 descriptors are on the card, half of its capacity. HTHRESH
        // 8: but at least 8 at a time, two cache lines, so that small fetches do not fill the bus. WTHRESH 0: a
        // descriptor with RS is written back at once; more is forbidden unless every descriptor has RS.
        bar.Write32(TXDCTL[index], 32u << TXDCTL_.PrefetchShift | 8u << TXDCTL_.HostShift);
        // Last: what throws behind it would leave its memory to nobody.
        _ring = new(device, bar, options.RingSize, TDBAL[index], TDBAH[index], TDLEN[index], TDT[index]);
    }

    /// <inheritdoc/>
    public override bool IsDrained => _bar.Read32(_head) == (_next & _ring.Mask);

    // The loop calls nothing. Anything unusual comes before or after it, and is a tail call: no value has to survive
    // it.
    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        if (HasReport) return ReclaimAndTransmit(batch);
        ulong next = _next;
        // One descriptor stays unused, so that full and empty differ.
        ulong end = next + Math.Min((uint)batch.Length, _ring.Mask - (next - _clean));
        if (next == end) return 0;
        ref var packet = ref MemoryMarshal.GetReference(batch);
        // Fields are copied to locals: to the compiler, every store through a pointer might change them.
        var (mask, group, plainLengths) = (_ring.Mask, _group, _plainLengths);
        var ring = _ring.Descriptors;
        ulong* buffers = _ring.Buffers;
        ulong all = 0;
        for (; next != end; next++)
        {
            ulong buffer = packet.Buffer, metadata = packet.Metadata;
            uint length = (ushort)metadata;
            // Other lengths are refused, padded, or have a VLAN tag.
            if (length - ShortestToSend >= plainLengths) break;
            all |= metadata;
            ulong index = next & mask;
            buffers[index] = buffer;
            ring[index].Address = TAddresses.Of(buffer);
            ulong command = IxgbeTransmitDescriptor.WholeFrame(length);
            if ((next & group) == group) command |= IxgbeTransmitDescriptor.ReportStatus;
            ring[index].Command = command;
            packet = ref Unsafe.Add(ref packet, 1);
        }
        // Nothing is committed yet.
        if (next != end || (all & Packet.RequestsMask) != 0) return TransmitOneByOne(batch);
        if ((all & Packet.LoanMask) != 0) return CommitWatched(batch, next);
        if (!_ring.Tail.TryRing((uint)(next & mask))) return Commit(next);
        int count = (int)(next - _next);
        _next = next;
        return count;
    }

    private protected int Commit(ulong next)
    {
        int count = (int)(next - _next);
        _next = next;
        _ring.Tail.Ring((uint)(next & _ring.Mask));
        return count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected int ReclaimAndTransmit(ReadOnlySpan<Packet> batch)
    {
        do FreeSent();
        while (HasReport);
        return Transmit(batch);
    }

    // The card has sent the oldest groups.
    private protected bool HasReport => _next > _report && _ring.Descriptors[_report & _ring.Mask].IsDone;

    private void FreeSent()
    {
        var sent = new ReadOnlySpan<ulong>(_ring.Buffers + (_clean & _ring.Mask), (int)_unit + 1);
        _clean += _unit + 1;
        _report = _clean + _unit;
        if (_contextsPending == 0) Release(sent);
        else FreeBetweenContexts(sent);
    }

    // A whole unit of packets.
    private protected virtual void Release(ReadOnlySpan<ulong> sent) => PacketPool.Free(sent);

    /// <summary>Returns all memory, including buffers that were never sent; the card must be quiesced.</summary>
    public void Dispose()
    {
        for (; _clean != _next; _clean++)
        {
            // A context has none (IxgbeTransmitQueue.Offloads.cs).
            ref ulong buffer = ref _ring.Buffers[_clean & _ring.Mask];
            if (buffer != 0) PacketPool.Free(new ReadOnlySpan<ulong>(in buffer));
        }
        _ring.Dispose();
    }
}
