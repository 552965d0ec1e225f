using System.Numerics;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>
/// The 128 receive queues and their registers (datasheet 8.2.3.8). Tails may be written as plain memory; everything
/// else is written through calls.
/// </summary>
internal sealed class ReceiveQueues
{
    internal const int Count = 128;

    // No turn has this number.
    private const long BetweenTurns = -2;

    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private readonly CardReceiveQueue[] _queues = new CardReceiveQueue[Count];

    // Bits of the queues with something to report at the end of the turn.
    private ulong _touchedLow, _touchedHigh;

    internal ReceiveQueues(IxgbeCard card)
    {
        _card = card;
        _registers = card.Registers;
        for (int index = 0; index < Count; index++) _queues[index] = new(card, index);
        Rules = new(card, _queues);
        // ENABLE reads as the state that was reached (8.2.3.8.6).
        _registers.OnRead(RXDCTL, index =>
            _registers[RXDCTL, index] & ~RXDCTL_.Enable | (_queues[index].IsEnabled ? RXDCTL_.Enable : 0));
        _registers.OnWrite(RXDCTL, WriteControl);
        _registers.OnWrite(SRRCTL, WriteSplit);
        _registers.OnWrite(RDT, WriteTail);
        _registers.OnWrite(
            RDBAL, (index, value) => WriteRing(RDBAL, index, value, hardwired: card.Options.RingAlignment - 1));
        _registers.OnWrite(RDBAH, (index, value) => WriteRing(RDBAH, index, value, hardwired: 0));
        _registers.OnWrite(RDLEN, (index, value) => WriteRing(RDLEN, index, value, hardwired: 0x7F));
    }

    internal ReceiveRules Rules { get; }

    internal CardReceiveQueue this[int index] => _queues[index];

    /// <summary>A queue got a frame in this turn.</summary>
    internal void Touch(int index)
    {
        if (index < 64) _touchedLow |= 1ul << index;
        else _touchedHigh |= 1ul << index;
    }

    /// <summary>Updates heads, interrupts and counters, once per turn for each queue that got frames.</summary>
    internal void EndTurn(long turn)
    {
        _touchedLow = Report(_touchedLow, 0, turn);
        _touchedHigh = Report(_touchedHigh, 64, turn);
    }

    // What is left to report later.
    private ulong Report(ulong touched, int first, long turn)
    {
        ulong left = 0;
        for (; touched != 0; touched &= touched - 1)
        {
            int bit = BitOperations.TrailingZeroCount(touched);
            var queue = _queues[first + bit];
            Report(queue, turn, (uint)_card.Behaviour.Lump((int)queue.Unreported));
            if (queue.Unreported > 0) left |= 1ul << bit;
        }
        return left;
    }

    /// <summary>
    /// Counts a frame that was dropped for lack of descriptors, or because its queue is off (8.2.3.23.75).
    /// </summary>
    internal void CountDropped(int queue) => _card.Statistics.QPRDC[CounterOf(queue)]++;

    internal void Reset()
    {
        foreach (var queue in _queues) queue.Reset();
        (_touchedLow, _touchedHigh) = (0, 0);
    }

    private void Report(CardReceiveQueue queue, long turn, uint count)
    {
        if (!queue.HasReceived) Rules.CheckDca(queue.Index);
        queue.HasReceived = true;
        if (_card.Faults.Any) queue.LieAboutOne();
        queue.ReportFrames(turn, count);
        // The head does not overtake the descriptors.
        _card.Dma.Push();
        _registers[RDH, queue.Index] = queue.Head;
        int counter = CounterOf(queue.Index);
        var statistics = _card.Statistics;
        statistics.QPRC[counter] += queue.Packets;
        statistics.QBRC[counter] += queue.Octets;
        statistics.RXDGPC += queue.Packets;
        statistics.RXDGBC += queue.Octets;
        bool runsLow = RunsLow(queue);
        queue.Packets = queue.Octets = 0;
        // Nothing has been shown yet that an interrupt could be about.
        if (count == 0 && queue.Unreported > 0 && !runsLow) return;
        if (queue.IsUrgent || runsLow) _card.Interrupts.RaiseReceiveUrgently(queue.Index);
        else _card.Interrupts.RaiseReceive(queue.Index);
        queue.IsUrgent = false;
    }

    // The number of free descriptors dropped to SRRCTL.RDMTS times 64 in this turn (8.2.3.8.7).
    private static bool RunsLow(CardReceiveQueue queue)
    {
        uint low = queue.Settings.LowDescriptors;
        if (low == 0) return false;
        uint free = queue.FreeNow;
        return free <= low && free + queue.Packets > low;
    }

    // Four queues per register, eight bits each, of which four are used (8.2.3.23.71).
    private int CounterOf(int queue) =>
        (int)(_registers[RQSMR, queue / 4] >> queue % 4 * 8) & (CardStatistics.QueueCounters - 1);

    // Enabling latches the ring.
    private void WriteControl(int index, uint control)
    {
        Rules.CheckControl(index, control);
        var queue = _queues[index];
        bool enable = (control & RXDCTL_.Enable) != 0;
        queue.VlanStrip = (control & RXDCTL_.VlanStrip) != 0;
        _registers[RXDCTL, index] = control & ~ReceiveRules.SoftwareFlush;
        if (enable == queue.IsEnabled) return;
        if (!enable)
        {
            if (_card.Faults.Has(CardFault.QueueHangs)) return;
            queue.ReportFrames(BetweenTurns, queue.Unreported);
            queue.Disable();
            return;
        }
        var settings = new ReceiveQueueSettings(_registers, index, _card.Options.RingAlignment);
        Rules.CheckEnabling(queue, settings);
        queue.DropEnable = (settings.Split & SRRCTL_.DropEnable) != 0;
        queue.Enable(settings);
        _registers[RDH, index] = 0;
    }

    private void WriteSplit(int index, uint value)
    {
        Rules.CheckSplit(index, value);
        _registers[SRRCTL, index] = value;
        _queues[index].DropEnable = (value & SRRCTL_.DropEnable) != 0;
    }

    private void WriteTail(int index, uint value)
    {
        Rules.CheckTail(index, value);
        _registers[RDT, index] = value;
    }

    private void WriteRing(Register register, int index, uint value, uint hardwired)
    {
        Rules.CheckRing(register, index, value, hardwired);
        _registers[register, index] = value & ~hardwired;
    }
}
