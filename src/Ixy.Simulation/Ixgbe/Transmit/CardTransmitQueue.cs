using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Ixy.Hosting;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>
/// One of 128 transmit queues: its ring, its progress, and how it reports progress (datasheet 7.2.3.3 to 7.2.3.5).
/// PTHRESH and HTHRESH say when descriptors are fetched ahead; the model processes descriptors in the turn in which it
/// fetches them, so the two are checked but change nothing that software can see.
/// </summary>
internal sealed unsafe partial class CardTransmitQueue
{
    internal const uint OnChipDescriptors = 40;
    private const long Never = long.MaxValue;

    // An advanced descriptor for a whole frame with no offloads, whatever its length and RS.
    private const uint PlainMask = 0xFFFF_0000 & ~TransmitDescriptor.ReportStatus;
    private const uint Plain = TransmitDescriptor.Extended | TransmitDescriptor.Data |
        TransmitDescriptor.EndOfPacket | TransmitDescriptor.InsertFcs;

    private readonly TransmitPath _path;
    private readonly TransmitMac _mac;
    private readonly RegisterFile _registers;
    private readonly DmaSpace _dma;
    private readonly uint* _headRegister, _tailRegister;

    // Latched when the queue is enabled.
    private ulong _ring, _headWriteBack;
    private uint _count, _writeBackThreshold;
    private bool _reportsEach, _reportsLate;

    // Progress: the card owns descriptors [_head, _tail); the last _unwritten before _head wait for their write-back,
    // and software does not know about the last _withheld yet.
    private uint _head, _tail, _lastTail, _unwritten, _withheld, _sinceReport;
    private bool _newTail, _reported, _blocked, _blockedAsMaster;
    private long _flushAt = Never;

    internal CardTransmitQueue(TransmitPath path, int index)
    {
        (_path, Index, _mac, _registers, _dma) = (path, index, path.Mac, path.Card.Registers, path.Card.Dma);
        _headRegister = _registers.Memory + TDH[index] / sizeof(uint);
        _tailRegister = _registers.Memory + TDT[index] / sizeof(uint);
    }

    internal int Index { get; }

    internal bool IsEnabled { get; private set; }

    /// <summary>The pool of the queue may transmit (PFVFTE); always true without virtualization.</summary>
    internal bool IsAllowed { get; set; } = true;

    /// <summary>Which of the 16 pairs QPTC, QBTC counts the queue's packets (TQSM).</summary>
    internal int Counter { get; set; }

    /// <summary>The two contexts set by context descriptors (7.2.2).</summary>
    internal TransmitContext[] Contexts { get; } = new TransmitContext[2];

    internal bool WritesBackInBursts => IsEnabled && _writeBackThreshold > 0;

    /// <summary>The effective WTHRESH: 0 with head write-back.</summary>
    internal uint WriteBackThreshold => _writeBackThreshold;

    private bool WritesHead => _headWriteBack != 0;

    /// <summary>
    /// Sends frames for about <paramref name="budget"/> descriptors; returns how many were used, 0 if there were none.
    /// </summary>
    internal int Process(int budget)
    {
        SeeStoredTail();
        return _head == _tail || !IsAllowed ? 0 : Work(budget);
    }

    /// <summary>
    /// The tail is a doorbell in a shared page: software stores to it without a call. Descriptors are read after it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SeeStoredTail()
    {
        uint tail = Volatile.Read(ref *_tailRegister);
        if (tail != _lastTail) SeeTail(tail);
    }

    /// <summary>
    /// Takes over a tail written by software; the descriptors up to it are examined when they are fetched.
    /// </summary>
    internal void SeeTail(uint tail)
    {
        (_lastTail, _blocked) = (tail, false);
        if (tail >= _count)
        {
            Report(TransmitRule.TailBeyondRing, "TDT", tail);
            return;
        }
        if (Distance(_head, _tail) + Distance(_tail, tail) >= _count)
            Report(TransmitRule.TailOvertakesHead, "TDT", tail);
        (_tail, _newTail) = (tail, true);
    }

    /// <summary>
    /// Writes back what a burst has gathered, once it is due (the vector's EITR counter reached zero).
    /// </summary>
    internal void FlushIfDue(long now)
    {
        if (now >= _flushAt) Flush();
    }

    // How many frames are being prefetched from memory while one is sent.
    private const uint FramesAhead = 8;

    private int Work(int budget)
    {
        if (_blocked && _dma.BusMaster == _blockedAsMaster) return 0;
        var ring = (TransmitDescriptor*)_dma.Translate(
            _ring, _count * (uint)sizeof(TransmitDescriptor), "transmit ring");
        if (ring is null)
        {
            // One fault is enough: the queue tries again when software moves the tail or enables bus mastering.
            (_blocked, _blockedAsMaster) = (true, _dma.BusMaster);
            return 0;
        }
        FetchAhead(ring, budget);
        if (_newTail) CheckTail(ring);
        int done = 0;
        while (_head != _tail && done < budget && _mac.Uncounted < budget)
        {
            if (Distance(_head, _tail) > FramesAhead) _dma.Prefetch(ring[Forward(_head, FramesAhead)].Address);
            uint used = SendPlain(ring + _head) ? 1 : _path.Assembler.Send(this, ring, _count, _head, _tail);
            if (used == 0) break;
            Complete(ring, used);
            done += (int)used;
        }
        // A packet to segment is more work than its descriptors suggest.
        int work = Math.Max(done, _mac.Uncounted);
        if (done > 0) Publish(ring, (uint)done);
        return work;
    }

    // Software has just written these descriptors, so they are in another core's cache: request all lines at once.
    private void FetchAhead(TransmitDescriptor* ring, int budget)
    {
        if (!Sse.IsSupported) return;
        const uint PerLine = 4;
        uint end = Math.Min(_head + (uint)budget, _tail > _head ? _tail : _count);
        for (uint index = _head; index < end; index += PerLine) Sse.Prefetch0(ring + index);
    }

    // The common case: an advanced descriptor for a whole frame, sent from the host's buffer as it is.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool SendPlain(TransmitDescriptor* descriptor)
    {
        uint command = descriptor->Command, length = command & TransmitDescriptor.LengthMask;
        if ((command & PlainMask) != Plain || descriptor->Status != length << TransmitDescriptor.PayloadShift)
            return false;
        if (length - TransmitMac.ShortestFrame >= _mac.PlainLengths) return false;
        byte* frame = _dma.Translate(descriptor->Address, length, "transmit buffer");
        if (frame is not null) _mac.Send(new ReadOnlySpan<byte>(frame, (int)length));
        return true;
    }

    // The frame in the last descriptors has been taken, or dropped: they are done, and reported as software requested.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Complete(TransmitDescriptor* ring, uint used)
    {
        var last = ring + Forward(_head, used - 1);
        _head = Forward(_head, used);
        if (_writeBackThreshold > 0)
        {
            Gather(ring, used, last);
            return;
        }
        if ((last->Command & TransmitDescriptor.ReportStatus) == 0 || last->IsContext)
        {
            _sinceReport += used;
            if (_sinceReport >= OnChipDescriptors) ReportOnce(TransmitRule.ReportTooRare, last, ring);
            return;
        }
        _sinceReport = 0;
        if (_reportsLate) return;
        _reported = true;
        if (_reportsEach) MarkDone(last);
    }

    // An advanced descriptor without data is not written back when RS is set in it (7.2.3.2.4).
    private static void MarkDone(TransmitDescriptor* descriptor)
    {
        if (descriptor->IsData && descriptor->Length == 0) return;
        Volatile.Write(ref descriptor->Status, descriptor->Status | TransmitDescriptor.Done);
    }

    // With WTHRESH, RS is ignored: descriptors are written back when this many have accumulated (7.2.3.5.1).
    private void Gather(TransmitDescriptor* ring, uint used, TransmitDescriptor* last)
    {
        if (!last->IsContext && (last->Command & TransmitDescriptor.ReportStatus) != 0)
            ReportOnce(TransmitRule.ReportWithThreshold, last, ring);
        // A tail that overtook the head (a rule broken, and reported) yields more descriptors than the ring has.
        _unwritten = Math.Min(_unwritten + used, _count);
        while (_unwritten >= _writeBackThreshold) WriteBack(ring, _writeBackThreshold);
        if (_unwritten > 0 && _flushAt == Never) _flushAt = _path.Card.Interrupts.TransmitTimer(Index);
    }

    private void WriteBack(TransmitDescriptor* ring, uint count)
    {
        uint index = Forward(_head, _count - _unwritten);
        for (uint done = 0; done < count; done++)
        {
            var descriptor = ring + Forward(index, done);
            Volatile.Write(ref descriptor->Status, descriptor->Status | TransmitDescriptor.Done);
        }
        _unwritten -= count;
        if (_unwritten == 0) _flushAt = Never;
        _reported = true;
    }

    private void Flush()
    {
        _flushAt = Never;
        if (_unwritten == 0) return;
        var ring = (TransmitDescriptor*)_dma.Translate(
            _ring, _count * (uint)sizeof(TransmitDescriptor), "transmit ring");
        if (ring is null) _unwritten = 0;
        else WriteBack(ring, _unwritten);
        Publish(ring, 0);
    }

    /// <summary>Shows some of what was done in earlier turns, if the card has withheld it.</summary>
    internal void ShowWithheld()
    {
        if (_withheld == 0) return;
        var ring = (TransmitDescriptor*)_dma.Translate(
            _ring, _count * (uint)sizeof(TransmitDescriptor), "transmit ring");
        if (ring is null) _withheld = 0;
        else Publish(ring, 0);
    }

    // Descriptors are reported in order, the oldest first; of those, each that requests it.
    private void ShowSome(TransmitDescriptor* ring, uint count)
    {
        uint first = ShownHead;
        for (uint index = 0; index < count; index++)
        {
            var descriptor = ring + Forward(first, index);
            bool reports = (descriptor->Command & TransmitDescriptor.ReportStatus) != 0 && descriptor->EndsPacket
                && !descriptor->IsContext;
            if (!reports) continue;
            _reported = true;
            if (!WritesHead) MarkDone(descriptor);
        }
        _withheld -= count;
    }

    private uint ShownHead => _withheld == 0 ? _head : Forward(_head, _count - _withheld);

    // What software sees of a batch: the head, in the register and in memory, the counters, one interrupt.
    private void Publish(TransmitDescriptor* ring, uint done)
    {
        if (_reportsLate)
        {
            _withheld += done;
            ShowSome(ring, (uint)_path.Card.Behaviour.Lump((int)_withheld));
        }
        // The head does not overtake the descriptors.
        _dma.Push();
        Volatile.Write(ref *_headRegister, ShownHead);
        _path.Card.Recorder?.TransmitDescriptorsDone(Index, (ulong*)ring, ShownHead, WritesHead);
        _mac.CountFor(Counter);
        if (!_reported) return;
        _reported = false;
        if (WritesHead) WriteHead();
        _path.Card.Interrupts.RaiseTransmit(Index);
    }

    // 7.2.3.5.2: a double word, the index of the first descriptor that is not done.
    private void WriteHead()
    {
        var target = (uint*)_dma.Translate(_headWriteBack, sizeof(uint), "transmit head write-back");
        if (target is not null) Volatile.Write(ref *target, ShownHead);
    }

    private uint Forward(uint index, uint count)
    {
        index += count;
        return index >= _count ? index - _count : index;
    }

    private uint Distance(uint from, uint to) => to >= from ? to - from : to + _count - from;
}
