using static Ixy.Simulation.Ixgbe.CardRegisters;

namespace Ixy.Simulation.Ixgbe;

/// <summary>
/// System time (datasheet 7.9, 8.2.3.26): every TIMINCA.INCPERIOD cycles of a clock that follows the link speed, SYSTIM grows by
/// TIMINCA.INCVALUE. It is computed when it is read.
/// </summary>
internal sealed class TimeSync
{
    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private ulong _time;
    private long _since;

    internal TimeSync(IxgbeCard card)
    {
        _card = card;
        _registers = card.Registers;
        _registers.OnRead(SYSTIML, _ => ReadLow());
        _registers.OnWrite(SYSTIML, (_, value) => Set((_time & 0xFFFF_FFFF_0000_0000) | value));
        _registers.OnWrite(SYSTIMH, (_, value) => Set((_time & 0xFFFF_FFFF) | (ulong)value << 32));
        _registers.OnWrite(TIMINCA, (_, value) =>
        {
            Set(Time);
            _registers[TIMINCA] = value;
        });
        _registers.OnWrite(TIMADJ, Adjust);
        _registers.OnWrite(TSYNCTXCTL, (_, value) =>
            _registers[TSYNCTXCTL] = (_registers[TSYNCTXCTL] & TSYNCTXCTL_.Valid) | (value & TSYNCTXCTL_.Enable));
        _registers.OnRead(TXSTMP, ReadTransmitStamp);
    }

    // Link clock: 6.4 ns at 10 Gb/s, ten and a hundred times as long at 1 Gb/s and 100 Mb/s.
    private double Cycle => 64_000.0 / _card.Link.SpeedMbps;

    private ulong Time
    {
        get
        {
            uint increment = _registers[TIMINCA] & 0xFF_FFFF, period = _registers[TIMINCA] >> 24;
            if (period == 0) return _time;
            return _time + (ulong)((_card.Now - _since) / (Cycle * period)) * increment;
        }
    }

    internal void Reset() => Set(0);

    /// <summary>Keeps the time at which a packet leaves that asks for it, unless software has not read the last one (7.9.3).</summary>
    internal void StampTransmit()
    {
        if ((_registers[TSYNCTXCTL] & (TSYNCTXCTL_.Enable | TSYNCTXCTL_.Valid)) != TSYNCTXCTL_.Enable) return;
        ulong time = Time;
        (_registers[TXSTMP, 0], _registers[TXSTMP, 1]) = ((uint)time, (uint)(time >> 32));
        _registers[TSYNCTXCTL] |= TSYNCTXCTL_.Valid;
    }

    // Reading the high half frees the register for the next time stamp (8.2.3.26.7).
    private uint ReadTransmitStamp(int index)
    {
        if (index == 1) _registers[TSYNCTXCTL] &= ~TSYNCTXCTL_.Valid;
        return _registers[TXSTMP, index];
    }

    private void Set(ulong time)
    {
        (_time, _since) = (time, _card.Now);
        (_registers[SYSTIML], _registers[SYSTIMH]) = ((uint)time, (uint)(time >> 32));
    }

    // Reading the low half holds the high half for the read that follows.
    private uint ReadLow()
    {
        ulong time = Time;
        _registers[SYSTIMH] = (uint)(time >> 32);
        return (uint)time;
    }

    // Writing the high half, with the sign in bit 31, adds both halves to the time (8.2.3.26.14).
    private void Adjust(int index, uint value)
    {
        _registers[TIMADJ, index] = value;
        if (index != 1) return;
        ulong offset = _registers[TIMADJ] | (ulong)(value & 0x7FFF_FFFF) << 32;
        Set((value & 0x8000_0000) != 0 ? Time - offset : Time + offset);
    }
}
