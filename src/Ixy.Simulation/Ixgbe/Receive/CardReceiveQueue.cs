using System.Runtime.CompilerServices;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Recording;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>
/// An enabled receive ring (datasheet 7.1.5 to 7.1.9): fetches descriptors ahead, writes frames to the buffers they
/// name, and writes the descriptors back.
/// </summary>
internal sealed unsafe partial class CardReceiveQueue
{
    /// <summary>
    /// How many descriptors the card fetches at once; after that, changes to them in memory have no effect (7.1.8).
    /// </summary>
    internal const int PrefetchDepth = 64;

    // How many buffers are being prefetched into the cache while one is filled.
    private const int BuffersAhead = 8;

    private readonly IxgbeCard _card;
    private readonly string _ringName, _bufferName;
    private readonly uint* _tailRegister;
    private readonly Descriptor[] _prefetched = new Descriptor[PrefetchDepth];
    private readonly (ulong First, ulong Second)[] _reports = new (ulong, ulong)[PrefetchDepth];
    private int _prefetchNext, _prefetchEnd;
    private uint _reportCount;

    // Positions in the ring: the next descriptor to use, the next to fetch, and the tail as last seen.
    private uint _head, _fetch, _tail;
    private ReceiveQueueSettings _settings;
    private bool _oneBuffer, _fetchFailed;

    // The ring's memory, valid during one turn of the card.
    private byte* _ring;
    private long _ringTurn = -1;

    internal CardReceiveQueue(IxgbeCard card, int index)
    {
        _card = card;
        Index = index;
        _ringName = $"receive ring {index}";
        _bufferName = $"buffer of receive queue {index}";
        _tailRegister = card.Registers.Memory + Ixy.Ixgbe.IxgbeRegisters.RDT[index] / sizeof(uint);
    }

    internal int Index { get; }

    internal bool IsEnabled { get; private set; }

    /// <summary>A frame has arrived since the queue was enabled.</summary>
    internal bool HasReceived { get; set; }

    internal ref readonly ReceiveQueueSettings Settings => ref _settings;

    /// <summary>
    /// Drop a frame if there are no descriptors for it; otherwise it waits (SRRCTL.DROP_EN). May change at any time.
    /// </summary>
    internal bool DropEnable { get; set; }

    /// <summary>Strip 802.1Q tags from frames (RXDCTL.VME). May change at any time.</summary>
    internal bool VlanStrip { get; set; }

    /// <summary>The first descriptor that has not been written back: RDH.</summary>
    internal uint Head => _head >= _reportCount ? _head - _reportCount : _head + _settings.Count - _reportCount;

    /// <summary>The tail at the time the queue was disabled; software may leave it there.</summary>
    internal uint TailWhenDisabled { get; private set; }

    /// <summary>Written since the last count; octets include the FCS.</summary>
    internal ulong Packets { get; set; }

    internal ulong Octets { get; set; }

    /// <summary>A frame since the last interrupt must not wait for interrupt moderation (7.3.2).</summary>
    internal bool IsUrgent { get; set; }

    /// <summary>Descriptors the card may use, judging by the current tail; 0 if the tail is outside the ring.</summary>
    internal uint FreeNow
    {
        get
        {
            uint tail = Volatile.Read(ref *_tailRegister);
            if (tail >= _settings.Count) return 0;
            return tail >= _head ? tail - _head : tail + _settings.Count - _head;
        }
    }

    /// <summary>
    /// Starts at descriptor 0 with the current register values; later changes have no effect (4.6.7.1).
    /// </summary>
    internal void Enable(in ReceiveQueueSettings settings)
    {
        _settings = settings;
        _oneBuffer = settings.Type is not (DescriptorType.HeaderSplit or DescriptorType.HeaderSplitAlways);
        _head = _fetch = _tail = _reportCount = 0;
        _prefetchNext = _prefetchEnd = 0;
        _fetchFailed = false;
        _ringTurn = -1;
        IsEnabled = true;
        HasReceived = false;
        _card.Recorder?.RingStarted(RingKind.Receive, Index, settings.Base, settings.Count, 0);
    }

    /// <summary>
    /// Forgets the descriptors it has fetched; from now on, frames for this queue are dropped (4.6.7.1.2).
    /// </summary>
    internal void Disable()
    {
        TailWhenDisabled = Volatile.Read(ref *_tailRegister);
        IsEnabled = false;
        _card.Recorder?.RingStopped(RingKind.Receive, Index);
    }

    /// <summary>Back to the power-on state.</summary>
    internal void Reset()
    {
        IsEnabled = DropEnable = VlanStrip = IsUrgent = false;
        _card.Recorder?.RingStopped(RingKind.Receive, Index);
        _reportCount = 0;
        TailWhenDisabled = 0;
        _head = 0;
        Packets = Octets = 0;
    }

    /// <summary>Writes a frame to memory; false if there are too few descriptors for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryWrite(ReadOnlySpan<byte> frame, in ReceivedFrame information, long turn)
    {
        if (frame.Length > _settings.BufferSize || !_oneBuffer) return TryWriteSpread(frame, information, turn);
        if (_prefetchNext == _prefetchEnd && !Fetch(turn)) return false;
        if (_prefetchNext + BuffersAhead < _prefetchEnd)
            _card.Dma.PrefetchForWrite(_prefetched[_prefetchNext + BuffersAhead].Buffer);
        ref var descriptor = ref _prefetched[_prefetchNext];
        Store(descriptor.Buffer, frame);
        WriteBack(descriptor, (uint)frame.Length, information, ReceiveDescriptor.Done | ReceiveDescriptor.EndOfPacket,
            0, turn);
        return true;
    }

    // Posted writes: the card does not notice that a buffer could not be reached, and continues.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Store(ulong address, ReadOnlySpan<byte> bytes)
    {
        byte* buffer = _card.Dma.Translate(address, (uint)bytes.Length, _bufferName);
        if (buffer is not null) FrameCopy.To(buffer, bytes);
    }

    // Status and VLAN tag are valid only in the last descriptor of a frame.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteBack(
        in Descriptor descriptor, uint length, in ReceivedFrame information, uint status, uint header, long turn)
    {
        bool last = (status & ReceiveDescriptor.EndOfPacket) != 0;
        uint statusAndErrors = last ? status | information.Status : status;
        ushort vlanTag = last && VlanStrip ? information.VlanTag : (ushort)0;
        if (_reportCount == PrefetchDepth) ReportFrames(turn, _reportCount);
        ref var report = ref _reports[_reportCount++];
        if (_settings.Type == DescriptorType.Legacy)
        {
            report.First = descriptor.Buffer;
            report.Second = ReceiveDescriptor.Legacy(
                length, (ushort)(information.Hash >> 16), statusAndErrors, vlanTag);
        }
        else
        {
            report.First = (information.PacketInfo | header) | (ulong)information.Hash << 32;
            report.Second = ReceiveDescriptor.Advanced(length, statusAndErrors, vlanTag);
        }
        _prefetchNext++;
        if (++_head == _settings.Count) _head = 0;
    }

    /// <summary>Descriptors that are used but not written back.</summary>
    internal uint Unreported => _reportCount;

    /// <summary>
    /// Writes this many descriptors back, usually all of a turn together, just as the card writes whole cache lines
    /// (7.1.9): software that polls then finds whole lines, instead of fetching the same line again for each
    /// descriptor.
    /// </summary>
    internal void ReportFrames(long turn, uint count)
    {
        uint index = Head;
        WriteReports(turn, index, count);
        if (_card.Recorder is { } recorder) Show(recorder, index, count);
        _reportCount -= count;
        if (_reportCount > 0) Array.Copy(_reports, (int)count, _reports, 0, (int)_reportCount);
    }

    private void WriteReports(long turn, uint index, uint count)
    {
        if (_ringTurn != turn && !FindRing(turn)) return;
        _card.Dma.Push();
        for (int i = 0; i < count; i++)
        {
            ulong* written = (ulong*)(_ring + index * ReceiveDescriptor.Length);
            written[0] = _reports[i].First;
            // The word with DD goes last: whoever sees it sees all of the frame.
            Volatile.Write(ref written[1], _reports[i].Second);
            if (++index == _settings.Count) index = 0;
        }
    }

    // Maps the whole ring, once per turn: memory cannot be mapped or unmapped within one.
    private bool FindRing(long turn)
    {
        _ring = _card.Dma.Translate(_settings.Base, _settings.Count * ReceiveDescriptor.Length, _ringName);
        _ringTurn = _ring is null ? -1 : turn;
        return _ring is not null;
    }

    private struct Descriptor
    {
        /// <summary>Packet buffer address.</summary>
        internal ulong Buffer;

        /// <summary>Header buffer address of an advanced descriptor.</summary>
        internal ulong Header;
    }
}
