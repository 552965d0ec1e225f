using System.Runtime.CompilerServices;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Virtio.Rings;
using Ixy.Virtio;

namespace Ixy.Simulation.Virtio.Receive;

/// <summary>
/// A receive queue: writes header and frame into the buffers of its ring: one or, with MRG_RXBUF, as many as needed
/// (virtio 1.2, 5.1.6.4). Frames wait in the packet buffer while there is none.
/// </summary>
internal sealed unsafe class DeviceReceiveQueue(VirtioCard card, DeviceVirtqueue queue) : IDisposable
{
    private const uint LongHeader = 12, ShortHeader = 10, DataValid = 2;

    // 5.1.6.3.1: the header and the largest frame without VLAN tag or jumbo size.
    private const int UsualFrame = 1514;

    private readonly BufferChain _chain = new();
    private readonly PacketBuffer<byte> _waiting = new();
    private uint _header, _least;
    private bool _merges, _splitsHeader, _validates;

    // Valid within a turn.
    private bool _isOpen, _mayOpen, _wrote, _isDry;
    private long _now;

    /// <summary>Frames wait for buffers.</summary>
    internal bool HasWaiting => !_waiting.IsEmpty;

    /// <summary>The driver is ready to receive frames up to a length.</summary>
    internal void Start(int longest)
    {
        var control = card.Control;
        _merges = control.HasFeature(VirtioFeatures.MergeableBuffers);
        // 5.1.6.6: the modern header always has num_buffers.
        _header = _merges || control.HasFeature(VirtioFeatures.Version1) ? LongHeader : ShortHeader;
        _validates = control.HasFeature(VirtioFeatures.GuestChecksum);
        _splitsHeader = !_merges && card.Options.IsLegacy && !control.HasFeature(VirtioFeatures.AnyLayout);
        int largest = control.HasFeature(VirtioFeatures.Mtu) ? Math.Max(longest, UsualFrame) : UsualFrame;
        _least = _merges ? _header : _header + (uint)largest;
        _chain.Reserve(card.Options.QueueSize);
    }

    /// <summary>Begins a turn with waiting frames; true if some found a buffer.</summary>
    internal bool BeginTurn(long now)
    {
        _now = now;
        (_isOpen, _mayOpen, _wrote, _isDry) = (false, true, false, false);
        queue.LookAtDoorbell();
        if (queue.IsNotified) Open();
        while (!_waiting.IsEmpty && TryWrite(_waiting.Peek(out _))) _waiting.Remove();
        return _wrote;
    }

    /// <summary>Publishes what was received, and considers sleeping if there was no buffer.</summary>
    internal void EndTurn(long now)
    {
        if (!_isOpen) return;
        if (_wrote)
        {
            queue.EndTurn();
            queue.StayAwake(now);
        }
        if (_isDry) queue.GrowTired(now);
    }

    /// <summary>
    /// Writes a frame to memory, or keeps it until there is a buffer; false if there is no room to keep it.
    /// </summary>
    internal bool Deliver(ReadOnlySpan<byte> frame) =>
        _waiting.IsEmpty && TryWrite(frame) || _waiting.TryAdd(frame, default);

    /// <summary>Drops waiting frames.</summary>
    internal void Clear() => _waiting.Clear();

    public void Dispose() => _waiting.Dispose();

    // The ring is mapped when the first frame of a turn needs it.
    private bool Open()
    {
        if (_mayOpen) _isOpen = queue.BeginTurn(_now);
        _mayOpen = false;
        return _isOpen;
    }

    // False if the frame must wait.
    private bool TryWrite(ReadOnlySpan<byte> frame)
    {
        if (!_isOpen && !Open()) return false;
        var ring = queue.Ring;
        if (!ring.TryTake(_chain))
        {
            _isDry = true;
            return false;
        }
        uint total = _header + (uint)frame.Length;
        ref var piece = ref _chain[0];
        bool isPlain = _chain.Count == 1 && _chain.Readable == 0 && piece.Length >= total && piece.Length >= _least
            && !_splitsHeader;
        if (!isPlain)
        {
            ring.PutBack(_chain);
            return TryWriteSpread(frame);
        }
        WriteHeader(piece.Memory, frame, 1);
        FrameCopy.To(piece.Memory + _header, frame);
        ring.Use(_chain, total);
        _wrote = true;
        return true;
    }

    // 5.1.6.1: no segmentation; for the checksum, only that it is right; the last two bytes only if the header has
    // them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteHeader(byte* header, ReadOnlySpan<byte> frame, ushort buffers)
    {
        *(ulong*)header = _validates && FrameChecksum.Check(frame) == SegmentChecksum.Right ? DataValid : 0u;
        *(ushort*)(header + 8) = 0;
        if (_header == LongHeader) *(ushort*)(header + 10) = buffers;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryWriteSpread(ReadOnlySpan<byte> frame)
    {
        var ring = queue.Ring;
        var start = ring.Mark();
        byte* countLow = null, countHigh = null;
        uint total = _header + (uint)frame.Length, done = 0, buffers = 0, pieces = 0;
        while (done < total)
        {
            if (!ring.TryTake(_chain))
            {
                ring.GoBack(start);
                // Too long even with the whole ring: it will never fit.
                if (pieces >= queue.Size) return Drop();
                _isDry = true;
                return false;
            }
            pieces += (uint)Math.Max(_chain.Count, 1);
            if (!IsUsable(total, isFirst: done == 0, out bool breaksDevice))
            {
                ring.GoBack(start);
                return !breaksDevice && Drop();
            }
            uint written = WritePart(frame, done);
            if (done == 0 && _header == LongHeader)
            {
                countLow = _chain.PlaceOf(10);
                countHigh = _chain.PlaceOf(11);
            }
            done += written;
            ring.Use(_chain, written, goesOn: done < total);
            buffers++;
        }
        if (countLow is not null)
        {
            *countLow = (byte)buffers;
            *countHigh = (byte)(buffers >> 8);
        }
        _wrote = true;
        return true;
    }

    private bool Drop()
    {
        card.Receive.CountDropped();
        return true;
    }

    // False if the frame cannot go into this buffer; it is dropped unless the device is broken.
    private bool IsUsable(uint total, bool isFirst, out bool breaksDevice)
    {
        breaksDevice = _chain.Readable != 0;
        if (breaksDevice)
        {
            Report(VirtioRule.ReceiveReadable, _chain.ReadableLength);
            card.Control.NeedReset();
            return false;
        }
        uint room = _chain.WritableLength;
        if (room < _least) Report(VirtioRule.ReceiveBufferShort, room);
        if (_splitsHeader && _chain[0].Length != _header) Report(VirtioRule.HeaderLayout, _chain[0].Length);
        return _merges ? room > 0 && (!isFirst || room >= _header) : room >= total;
    }

    // Header and frame are one run of bytes, of which this many are already written.
    private uint WritePart(ReadOnlySpan<byte> frame, uint done)
    {
        if (done != 0) return (uint)_chain.Write(0, frame[(int)(done - _header)..]);
        byte* header = stackalloc byte[(int)LongHeader];
        WriteHeader(header, frame, 0);
        uint written = (uint)_chain.Write(0, new ReadOnlySpan<byte>(header, (int)_header));
        return written + (uint)_chain.Write(_header, frame);
    }

    private void Report(VirtioRule rule, ulong value) => card.Report(rule, $"queue {queue.Index}", value);
}
