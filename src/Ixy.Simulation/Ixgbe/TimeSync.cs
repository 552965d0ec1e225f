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
