using System.Runtime.CompilerServices;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Simulation.Ixgbe.Transmit;
using Ixy.Simulation.Wires;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>
/// From the wire through filters, packet buffer and queue selection into host memory (datasheet 7.1).
/// </summary>
internal sealed unsafe class ReceivePath : IDisposable
{
    private const int FramesPerTurn = 32;

    private readonly IxgbeCard _card;
    private readonly CardStatistics _statistics;
    private readonly ReceiveMac _mac;
    private readonly ReceiveFilter _filter;
    private readonly QueueSelector _selector;
    private readonly ReceiveQueues _queues;
    private readonly PacketBuffer<ReceivedFrame> _buffer = new();
    private readonly byte[] _rewritten = new byte[ushort.MaxValue + ReceiveMac.FcsLength];
    private readonly byte[] _loopedBack = new byte[ushort.MaxValue];
    private readonly uint* _macControl, _maxFrame, _receiveControl;
    private LinePace _pace;
    private bool _keepsFcs;
    private int _classes = 1;
    private long _turn;
    private ulong _goodPackets, _goodOctets, _bufferedOctets;

    internal ReceivePath(IxgbeCard card)
    {
        _card = card;
        _statistics = card.Statistics;
        var registers = card.Registers;
        _mac = new(card.Statistics, registers);
        _filter = new(registers);
        _selector = new(card);
        _queues = new(card);
        _macControl = registers.Memory + HLREG0.Offset / sizeof(uint);
        _maxFrame = registers.Memory + MAXFRS.Offset / sizeof(uint);
        _receiveControl = registers.Memory + RXCTRL.Offset / sizeof(uint);
        registers.OnWrite(RXCTRL, (_, value) => WriteReceiveControl(value));
        registers.OnWrite(RXPBSIZE, WriteBufferSize);
        registers.OnRead(RXMEMWRAP, _ => BufferState);
        registers.OnWrite(FCTRL, (_, value) => WriteFilterControl(value));
        Reset();
    }

    /// <summary>RXCTRL.RXEN: frames from the port are accepted (8.2.3.8.10).</summary>
    internal bool IsEnabled => (*_receiveControl & RXCTRL_.Enable) != 0;

    /// <summary>
    /// Bytes waiting in the packet buffer, which flow control compares with its thresholds (3.7.7.3.2).
    /// </summary>
    internal int BufferedBytes => _buffer.Used;

    // Buffers of other traffic classes are always empty. Each frame goes through its buffer, however briefly.
    private uint BufferState
    {
        get
        {
            uint wraps = _buffer.Size == 0 ? 0 : (uint)(_bufferedOctets / (ulong)_buffer.Size) & RXMEMWRAP_.WrapMask;
            return (RXMEMWRAP.Reset & ~(RXMEMWRAP_.WrapMask | RXMEMWRAP_.Empty)) | wraps
                | (_buffer.IsEmpty ? RXMEMWRAP_.Empty : 0);
        }
    }

    /// <summary>Takes frames from the wire and writes them to the rings; true if there was anything to do.</summary>
    internal bool Poll(long now)
    {
        _turn++;
        Prepare();
        bool busy = !_buffer.IsEmpty && Drain();
        bool hearsWire = _card.Link.IsUp && (*_macControl & MacLoopback) == 0;
        // SECRXCTRL.RX_DIS stops what comes from the MAC, but not what is in the packet buffer (8.2.3.12).
        if (hearsWire && !_card.Security.ReceiveHalted) busy |= TakeFromWire(now);
        EndTurn();
        return busy;
    }

    /// <summary>Takes a frame that the card sends to itself (MAC loopback, HLREG0.LPBK).</summary>
    internal void Loopback(ReadOnlySpan<byte> frame)
    {
        _turn++;
        Prepare();
        // The frame may be in software's memory, and is examined more than once here: it must not change meanwhile.
        var copy = _loopedBack.AsSpan(0, frame.Length);
        frame.CopyTo(copy);
        if (IsEnabled) Arrive(copy, FrameErrors.None);
        else _mac.Discard(copy, FrameErrors.None);
    }

    internal void Reset()
    {
        _buffer.Clear();
        _bufferedOctets = 0;
        _queues.Reset();
        _filter.Invalidate();
        _selector.Invalidate();
        // After a reset the first traffic class has all of it (8.2.3.8.9).
        _card.Registers[RXPBSIZE] = _card.Options.ReceiveBuffer;
        for (int index = 1; index < RXPBSIZE.Count; index++) _card.Registers[RXPBSIZE, index] = 0;
        SizeBuffer();
    }

    public void Dispose() => _buffer.Dispose();

    // MAC registers belong to other parts as well, so they are read once per turn instead of being watched.
    private void Prepare()
    {
        uint control = *_macControl;
        _mac.Latch(control, *_maxFrame);
        _keepsFcs = (control & HLREG0_.RxCrcStrip) == 0;
        _filter.Prepare();
        _selector.Prepare();
        if (_selector.Classes != _classes) SizeBuffer();
    }

    private bool TakeFromWire(long now)
    {
        var wire = _card.Wire;
        bool enabled = IsEnabled, waits = wire.WaitsForRoom, paced = LinePace.Has(_card);
        int most = _card.Behaviour.Budget(FramesPerTurn);
        for (int taken = 0; taken < most; taken++)
        {
            if (waits && !_buffer.IsEmpty || paced && _pace.IsBusy(now)) return taken > 0;
            var frame = wire.Receive(now, out var errors);
            if (frame.IsEmpty) return taken > 0;
            if (paced) _pace.Take(now, frame.Length, _card);
            if (enabled) Arrive(frame, errors);
            else _mac.Discard(frame, errors);
        }
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Arrive(ReadOnlySpan<byte> frame, FrameErrors errors)
    {
        if (!_mac.Accept(frame, errors, out bool bad)) return;
        ulong destination = ReceiveFilter.Destination(frame);
        var verdict = _filter.Judge(destination);
        if (verdict == ReceiveFilter.Verdict.Reject) return;
        ReceivedFrame information = default;
        if (verdict == ReceiveFilter.Verdict.AcceptInexactly)
            information.Status = ReceiveDescriptor.PassedInexactFilter;
        if (bad || !_selector.TrySelectPlain(frame, ref information))
        {
            ArriveUncommonly(frame, errors, bad, information);
            return;
        }
        CountGood(destination, frame.Length + ReceiveMac.FcsLength);
        if (!_buffer.IsEmpty || !TryDeliver(frame, information)) Keep(frame, information);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ArriveUncommonly(ReadOnlySpan<byte> frame, FrameErrors errors, bool bad, ReceivedFrame information)
    {
        PacketHeaders headers = default;
        _selector.Parse(frame, ref headers);
        if (headers.HasVlanTag && !PassesVlan(headers, ref information)) return;
        if (bad) MarkBad(errors, ref information);
        else CountGood(ReceiveFilter.Destination(frame), frame.Length + ReceiveMac.FcsLength);
        _selector.Select(frame, headers, ref information);
        (information.L2End, information.L3End, information.L4End) =
            ((ushort)headers.MacEnd(frame), (ushort)headers.L4Start, (ushort)headers.L4End);
        if (!bad && _card.TimeSync.Received.Any) frame = _card.TimeSync.Received.Stamp(frame, headers, ref information);
        if (!_buffer.IsEmpty || !TryDeliver(frame, information)) Keep(frame, information);
    }

    private bool PassesVlan(in PacketHeaders headers, ref ReceivedFrame information)
    {
        if (!_filter.PassesVlan(headers)) return false;
        information.Status |= ReceiveDescriptor.VlanPacket;
        information.VlanTag = headers.VlanTag;
        return true;
    }

    private static void MarkBad(FrameErrors errors, ref ReceivedFrame information)
    {
        information.Status |= ReceiveDescriptor.MacError;
        information.BadCrc = (errors & FrameErrors.Crc) != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CountGood(ulong destination, int length)
    {
        _goodPackets++;
        _goodOctets += (ulong)length;
        if (!ReceiveFilter.IsMulticast(destination)) return;
        if (destination == ReceiveFilter.Broadcast) _statistics.BPRC++;
        else _statistics.MPRC++;
    }

    // A full packet buffer misses frames (8.2.3.23.4) and says so (8.2.3.5.1).
    private void Keep(ReadOnlySpan<byte> frame, in ReceivedFrame information)
    {
        if (_buffer.TryAdd(frame, information)) return;
        _statistics.MPC[0]++;
        _card.Interrupts.RaiseCause(EICR_.RxMiss);
    }

    private bool Drain()
    {
        bool moved = false;
        while (!_buffer.IsEmpty)
        {
            var frame = _buffer.Peek(out var information);
            if (!TryDeliver(frame, information)) break;
            _buffer.Remove();
            moved = true;
        }
        return moved;
    }

    // False if the frame, and every frame after it, must wait for descriptors.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryDeliver(ReadOnlySpan<byte> frame, in ReceivedFrame information)
    {
        var queue = _queues[information.Queue];
        if (queue.IsEnabled)
        {
            bool plain = !_keepsFcs && (information.Status & ReceiveDescriptor.VlanPacket) == 0;
            if (plain ? queue.TryWrite(frame, information, _turn) : TryWriteRewritten(queue, frame, information))
            {
                queue.Packets++;
                // As they are in memory: without the FCS if it is stripped.
                queue.Octets += (ulong)(frame.Length + (_keepsFcs ? ReceiveMac.FcsLength : 0));
                queue.IsUrgent |= (information.Status & ReceiveDescriptor.LowLatencyInterrupt) != 0;
                _queues.Touch(information.Queue);
                return true;
            }
            if (!queue.DropEnable) return false;
        }
        _queues.CountDropped(information.Queue);
        return true;
    }

    // Strips the VLAN tag (RXDCTL.VME) and keeps the FCS (no CRC strip).
    private bool TryWriteRewritten(CardReceiveQueue queue, ReadOnlySpan<byte> frame, ReceivedFrame information)
    {
        const int TagStart = 12, TagLength = 4;
        int length = frame.Length;
        Span<byte> rewritten = _rewritten;
        if (queue.VlanStrip && (information.Status & ReceiveDescriptor.VlanPacket) != 0)
        {
            frame[..TagStart].CopyTo(rewritten);
            frame[(TagStart + TagLength)..].CopyTo(rewritten[TagStart..]);
            length -= TagLength;
            MoveHeaders(ref information, TagLength);
        }
        else
        {
            frame.CopyTo(rewritten);
        }
        if (_keepsFcs)
        {
            uint fcs = FrameSums.Fcs(frame);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(
                rewritten[length..], information.BadCrc ? ~fcs : fcs);
            length += ReceiveMac.FcsLength;
        }
        return queue.TryWrite(rewritten[..length], information, _turn);
    }

    private static void MoveHeaders(ref ReceivedFrame information, int distance)
    {
        information.L2End -= (ushort)distance;
        if (information.L3End != 0) information.L3End -= (ushort)distance;
        if (information.L4End != 0) information.L4End -= (ushort)distance;
    }

    private void EndTurn()
    {
        _queues.EndTurn(_turn);
        _mac.Flush();
        _statistics.GPRC += _goodPackets;
        _statistics.GORC += _goodOctets;
        _bufferedOctets += _goodOctets;
        _goodPackets = _goodOctets = 0;
    }

    private void WriteReceiveControl(uint value)
    {
        bool enables = (value & ~_card.Registers[RXCTRL] & RXCTRL_.Enable) != 0;
        _card.Registers[RXCTRL] = value & RXCTRL_.Enable;
        if (enables) _queues.Rules.CheckReceiveEnable();
    }

    private void WriteFilterControl(uint value)
    {
        _queues.Rules.CheckFilterControl(value);
        _card.Registers[FCTRL] = value;
        _filter.Invalidate();
    }

    private void WriteBufferSize(int index, uint value)
    {
        _card.Registers[RXPBSIZE, index] = value;
        SizeBuffer();
    }

    // Bits 19:10, in KiB; buffer 0 takes all frames while there is only one traffic class (8.2.3.8.9). The buffers of
    // several classes are one here, as large as all of them together.
    private void SizeBuffer()
    {
        _classes = _selector.Classes;
        uint size = 0;
        for (int index = 0; index < _classes; index++) size += _card.Registers[RXPBSIZE, index] & RXPBSIZE_.SizeMask;
        _buffer.Size = (int)Math.Min(size, _card.Options.ReceiveBuffer);
    }
}
