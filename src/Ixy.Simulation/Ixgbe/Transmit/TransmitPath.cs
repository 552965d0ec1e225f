using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>
/// From descriptor rings in host memory through offloads to the wire (datasheet 7.2). While the link is down or the
/// transmit arbiter is stopped, descriptors stay where they are: the MAC then takes no data. A real card would still
/// fill the packet buffer in front of it, but software cannot see that.
/// </summary>
internal sealed class TransmitPath : IDisposable
{
    internal const int Queues = 128;

    // A turn ends after this many descriptors, so that other cards and the receive path get theirs; within it, queues
    // take turns of some descriptors. (A card alternates frame by frame, 7.2.1.2.3.4; no order between queues is
    // promised.)
    private const int DescriptorsPerTurn = 64, DescriptorsPerQueue = 16;

    private const int QueuesWithoutModes = 64;
    private readonly RegisterFile _registers;
    private readonly CardTransmitQueue[] _queues = new CardTransmitQueue[Queues];
    private readonly CardTransmitQueue[] _enabled = new CardTransmitQueue[Queues];
    private readonly TransmitArbiters _arbiters;
    private int _enabledCount, _next;
    private bool _anyBursts;
    private uint _macControl;

    internal TransmitPath(IxgbeCard card)
    {
        Card = card;
        _registers = card.Registers;
        Mac = new TransmitMac(card);
        Assembler = new TransmitAssembler(this);
        _arbiters = new TransmitArbiters(this);
        for (int index = 0; index < Queues; index++) _queues[index] = new CardTransmitQueue(this, index);
        AttachQueueRegisters();
        Reset();
    }

    internal IxgbeCard Card { get; }

    internal TransmitMac Mac { get; }

    internal TransmitAssembler Assembler { get; }

    /// <summary>DMATXCTL.TE.</summary>
    internal bool IsTransmitEnabled { get; private set; }

    /// <summary>Called when a packet that requests a time stamp passes (TDESC.MAC.1588, 7.2.3.2.4).</summary>
    internal Action? TimeStamp { get; init; }

    /// <summary>DCB or virtualization is on (MTQC).</summary>
    internal bool HasModes => (_registers[MTQC] & (MTQC_.TrafficClasses | MTQC_.Pools)) != 0;

    /// <summary>Fetches descriptors and sends; true if there was anything to do.</summary>
    internal bool Poll(long now)
    {
        if (_anyBursts) FlushBursts(now);
        if (!Card.Behaviour.IsPlain) ShowWithheld();
        if (_enabledCount == 0 || !IsTransmitEnabled || !_arbiters.AreRunning || !Card.Link.IsUp) return false;
        if (Card.Faults.Has(CardFault.TransmitHang)) return false;
        if (_registers[HLREG0] != _macControl) ConfigureMac();
        if (!Mac.BeginTurn(now)) return false;
        int most = Card.Behaviour.Budget(DescriptorsPerTurn), perQueue = Card.Behaviour.Budget(DescriptorsPerQueue);
        int left = most, idle = 0;
        _next = Card.Behaviour.Choose(_enabledCount, _next);
        while (left > 0 && idle < _enabledCount && Mac.IsFree)
        {
            var queue = _enabled[_next];
            if (++_next >= _enabledCount) _next = 0;
            // With a pace: one by one, until the line is busy.
            int done = queue.Process(Mac.IsPaced ? 1 : _enabledCount == 1 ? left : perQueue);
            left -= done;
            idle = done == 0 ? idle + 1 : 0;
        }
        return left < most;
    }

    /// <summary>
    /// Takes over the tails stored by software; those of disabled queues are read when the queue is enabled.
    /// </summary>
    internal void SeeTails()
    {
        for (int index = 0; index < _enabledCount; index++) _enabled[index].SeeStoredTail();
    }

    /// <summary>State after a reset; the registers already have their reset values.</summary>
    internal void Reset()
    {
        foreach (var queue in _queues) queue.Reset();
        IsTransmitEnabled = false;
        _arbiters.Reset();
        for (int index = 0; index < TQSM.Count; index++) ApplyCounters(index, 0);
        ListEnabled();
        ConfigureMac();
    }

    /// <summary>
    /// Applies HLREG0 and the size of the packet buffer (TXPBSIZE, TXPBTHRESH: 8.2.3.9.13, 8.2.3.9.16).
    /// </summary>
    internal void ConfigureMac()
    {
        _macControl = _registers[HLREG0];
        uint size = _registers[TXPBSIZE] & 0xF_FC00, threshold = (_registers[TXPBTHRESH] & 0x3FF) << 10;
        Mac.Configure(_macControl, RoomAboveThreshold = size > threshold ? size - threshold : 0);
    }

    /// <summary>The longest packet that the packet buffer of the first traffic class is set up for, in bytes.</summary>
    internal uint RoomAboveThreshold { get; private set; }

    /// <summary>The queue does not exist in the mode set in MTQC (7.2.1.2.1).</summary>
    internal bool IsOutsideMode(int queue) => queue >= QueuesWithoutModes && !HasModes;

    /// <summary>Lets the pools enabled in PFVFTE transmit, and no others; all queues without virtualization.</summary>
    internal void ApplyPools()
    {
        uint mode = _registers[MTQC];
        int perPool = (mode & MTQC_.CountMask) switch { MTQC_.Count01 => 2, MTQC_.Count10 => 4, _ => 8 };
        foreach (var queue in _queues)
        {
            int pool = queue.Index / perPool;
            queue.IsAllowed = (mode & MTQC_.Pools) == 0 || (_registers[PFVFTE, pool / 32] >> (pool % 32) & 1) != 0;
        }
    }

    /// <summary>DMATXCTL.TE as set by software.</summary>
    internal void EnableTransmit(bool enable)
    {
        if (IsTransmitEnabled == enable) return;
        IsTransmitEnabled = enable;
        if (enable) _queues[0].EnableWithTransmit();
        else if (_enabledCount > 0)
            _enabled[0].Report(TransmitRule.TransmitBeforeQueues, "TXDCTL", (ulong)_enabledCount);
        ListEnabled();
    }

    public void Dispose() => Assembler.Dispose();

    private void FlushBursts(long now)
    {
        for (int index = 0; index < _enabledCount; index++) _enabled[index].FlushIfDue(now);
    }

    private void ShowWithheld()
    {
        for (int index = 0; index < _enabledCount; index++) _enabled[index].ShowWithheld();
    }

    private void ListEnabled()
    {
        (_enabledCount, _next, _anyBursts) = (0, 0, false);
        foreach (var queue in _queues)
        {
            if (!queue.IsEnabled) continue;
            _enabled[_enabledCount++] = queue;
            _anyBursts |= queue.WritesBackInBursts;
        }
    }

    private void AttachQueueRegisters()
    {
        _registers.OnWrite(TXDCTL, (index, value) =>
        {
            _queues[index].Apply(value);
            ListEnabled();
        });
        // ENABLE reads as the state that was reached (8.2.3.9.10).
        _registers.OnRead(TXDCTL, index =>
            _registers[TXDCTL, index] & ~TXDCTL_.Enable | (_queues[index].IsEnabled ? TXDCTL_.Enable : 0));
        _registers.OnWrite(TDT, WriteTail);
        _registers.OnWrite(TDH, WriteHead);
        _registers.OnWrite(TDBAL, (index, value) =>
        {
            if ((value & (Card.Options.RingAlignment - 1)) != 0)
                _queues[index].Report(TransmitRule.RingUnaligned, "TDBAL", value);
            WriteRing(TDBAL, index, value & ~(Card.Options.RingAlignment - 1));
        });
        _registers.OnWrite(TDLEN, (index, value) =>
        {
            if (CardTransmitQueue.IsBadLength(value)) _queues[index].Report(TransmitRule.RingLength, "TDLEN", value);
            WriteRing(TDLEN, index, value & 0xF_FFFF);
        });
        foreach (var register in new[] { TDBAH, TDWBAL, TDWBAH })
            _registers.OnWrite(register, (index, value) => WriteRing(register, index, value));
        _registers.OnWrite(TQSM, ApplyCounters);
    }

    private void WriteTail(int index, uint value)
    {
        var queue = _queues[index];
        _registers[TDT, index] = value;
        if (queue.IsEnabled) queue.SeeTail(value);
        else if (value != 0 && value != _registers[TDH, index])
            queue.Report(TransmitRule.TailWhileDisabled, "TDT", value);
    }

    private void WriteHead(int index, uint value)
    {
        if (!_queues[index].IsEnabled) _registers[TDH, index] = value & 0xFFFF;
        else if (value != _registers[TDH, index]) _queues[index].Report(TransmitRule.HeadWhileEnabled, "TDH", value);
    }

    private void WriteRing(Register register, int index, uint value)
    {
        var queue = _queues[index];
        bool changes = queue.IsEnabled && _registers[register, index] != value;
        _registers[register, index] = value;
        if (!changes) return;
        queue.Report(TransmitRule.RingWhileEnabled, register.Name, value);
        queue.LatchIfIdle();
    }

    // Four queues per register, a byte each, of which the low four bits name the counter.
    private void ApplyCounters(int index, uint value)
    {
        _registers[TQSM, index] = value & 0x0F0F_0F0F;
        for (int part = 0; part < 4; part++) _queues[index * 4 + part].Counter = (int)(value >> (part * 8) & 0xF);
    }
}
