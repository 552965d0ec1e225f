using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Vfio;
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
/// A transmit ring. The card reports only the last descriptor of each group of 32 as sent (RS): a thirty-second of the
/// write-backs. The buffers of some groups go back to their pools together: one look and one lock for up to 128 packets.
/// </summary>
/// <typeparam name="TAddresses">How the card addresses buffers.</typeparam>
internal sealed unsafe partial class IxgbeTransmitQueue<TAddresses> : TransmitQueue, IDisposable where TAddresses : struct, IDeviceAddresses
{
    // The card takes no shorter ones (7.2.3.2.4), though it fills up to 60 bytes with zeros what it takes (HLREG0.TXPADEN).
    private const uint ShortestToSend = 17;
    // What a context descriptor has room for (7.2.3.2.3).
    private const int LongestIpHeader = 511;

    private readonly IxgbeRing _memory;
    private readonly TransmitDescriptor* _ring;
    private readonly ulong* _buffers;
    private readonly Doorbell _tail;
    private readonly PciBar _bar;
    private readonly int _index;
    private readonly TransmitLimits _limits;
    // How many lengths, from the shortest on, need no second look.
    private readonly uint _plainLengths;
    // One less than a power of two each: the descriptors of the ring, of a group, and of those that are freed together.
    private readonly ulong _mask, _group, _unit;
    // Free-running: descriptors given to the card, those of them whose buffers are back, and the one that reports the next that are freed together.
    private ulong _next, _clean, _report;

    internal IxgbeTransmitQueue(PciDevice device, PciBar bar, int index, NetworkDeviceOptions options)
    {
        (_bar, _index) = (bar, index);
        _mask = (ulong)options.RingSize - 1;
        _group = (ulong)Math.Min(32, options.RingSize / 4) - 1;
        _unit = (ulong)Math.Min(128, options.RingSize / 4) - 1;
        _report = _unit;
        _limits = new(options.Offloads, options.MaxFrameSize, LongestIpHeader);
        _plainLengths = (uint)options.MaxFrameSize - ShortestToSend + 1;
        _memory = new IxgbeRing(device, bar, index, options.RingSize, TDBAL, TDBAH, TDLEN);
        _ring = (TransmitDescriptor*)_memory.Descriptors;
        _buffers = _memory.Buffers;
        _tail = new Doorbell(bar, TDT[index]);
    }

    /// <inheritdoc/>
    public override long Packets => (long)(_next - _contextsWritten);

    /// <inheritdoc/>
    public override int Pending => (int)(_next - _clean - _contextsPending);

    /// <inheritdoc/>
    public override bool IsDrained => _bar.Read32(TDH[_index]) == (_next & _mask);

    // The loop calls nothing. Whatever is unusual comes before or after it, and is a tail call: no value has to survive it.
    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<Packet> batch)
    {
        if (HasReport) return ReclaimAndTransmit(batch);
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
        // Nothing is committed yet.
        if (next != end || (all & Packet.RequestsMask) != 0) return TransmitOneByOne(batch);
        if ((all & Packet.LoanMask) != 0) return CommitWatched(batch, next);
        if (!_tail.TryRing((uint)(next & mask))) return Commit(next);
        int count = (int)(next - _next);
        _next = next;
        return count;
    }

    private int Commit(ulong next)
    {
        int count = (int)(next - _next);
        _next = next;
        _tail.Ring((uint)(next & _mask));
        return count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int ReclaimAndTransmit(ReadOnlySpan<Packet> batch)
    {
        do FreeSent();
        while (HasReport);
        return Transmit(batch);
    }

    // The card has sent the oldest groups.
    private bool HasReport => _next > _report
        && (Volatile.Read(ref _ring[_report & _mask].Command) & TransmitDescriptor.DescriptorDone) != 0;

    private void FreeSent()
    {
        var sent = new ReadOnlySpan<ulong>(_buffers + (_clean & _mask), (int)_unit + 1);
        _clean += _unit + 1;
        _report = _clean + _unit;
        if (_contextsPending == 0) PacketPool.Free(sent);
        else FreeBetweenContexts(sent);
    }

    /// <summary>Returns all memory, also the buffers that were never sent; the card must be quiet.</summary>
    public void Dispose()
    {
        for (; _clean != _next; _clean++)
        {
            // A context has none (IxgbeTransmitQueue.Offloads.cs).
            ref ulong buffer = ref _buffers[_clean & _mask];
            if (buffer != 0) PacketPool.Free(new ReadOnlySpan<ulong>(in buffer));
        }
        _memory.Dispose();
    }
}
