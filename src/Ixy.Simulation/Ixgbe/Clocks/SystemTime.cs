using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Clocks;

/// <summary>
/// The clock for time stamps: SYSTIM and the registers that set its pace (82599 datasheet 7.9, 8.2.3.26; X550 datasheet
/// 7.7.3.1). It is brought up to date when it is read.
/// </summary>
internal abstract class SystemTime
{
    // Units of the card's clock, chosen so that every period below is a whole number of them.
    private const long TenthsPerNanosecond = 10;
    private readonly IxgbeCard _card;
    private long _countedUntil;

    private protected SystemTime(IxgbeCard card)
    {
        (_card, Registers) = (card, card.Registers);
        Registers.OnRead(SYSTIML, _ => ReadLow());
        Registers.OnWrite(SYSTIML, (_, value) => Set((Value & 0xFFFF_FFFF_0000_0000) | value));
        Registers.OnWrite(SYSTIMH, (_, value) => Set((Value & 0xFFFF_FFFF) | (ulong)value << 32));
    }

    private protected RegisterFile Registers { get; }

    /// <summary>The current time, as a pair of registers shows it: on the X550, the high half is seconds.</summary>
    internal ulong Value
    {
        get
        {
            CountUp();
            return Shown;
        }
    }

    /// <summary>After a reset: the registers already have their reset values.</summary>
    internal void Reset()
    {
        Clear();
        Configure();
    }

    /// <summary>Follows the link, which clocks some cards.</summary>
    internal virtual void Poll() => CountUp();

    /// <summary>One step of the clock in tenths of a nanosecond; 0 while it stands still.</summary>
    private protected long Period { get; set; }

    /// <summary>The time as counted last, in the form of <see cref="Value"/>.</summary>
    private protected abstract ulong Shown { get; }

    /// <summary>Adds the given number of elapsed steps.</summary>
    private protected abstract void Count(long steps);

    private protected abstract void Set(ulong value);

    private protected abstract void Clear();

    /// <summary>Reads the pace from the registers.</summary>
    private protected abstract void Pace();

    /// <summary>The pace changes from now on.</summary>
    private protected void Configure()
    {
        CountUp();
        Pace();
    }

    private protected void CountUp()
    {
        long now = _card.Now * TenthsPerNanosecond;
        long steps = Period == 0 ? 0 : (now - _countedUntil) / Period;
        if (steps > 0) Count(steps);
        _countedUntil = Period == 0 ? now : _countedUntil + steps * Period;
    }

    // Reading the low half latches the high half for the read that follows.
    private uint ReadLow()
    {
        ulong value = Value;
        Registers[SYSTIMH] = (uint)(value >> 32);
        return (uint)value;
    }
}

/// <summary>
/// The clock of the 82599 and the X540: a 64-bit count that grows by an increment chosen by software, at clocks of the
/// link. Those of the 82599 are divided by TIMINCA.INCPERIOD; the X540 has a wider increment instead (known from
/// Linux's driver, which relies on it).
/// </summary>
internal sealed class CountedTime : SystemTime
{
    // 6.4 ns at 10 Gb/s and without a link, ten times as long at 1 Gb/s, a hundred times at 100 Mb/s.
    private const long Fastest = 64;
    private const int FastestMbps = 10_000;
    private readonly IxgbeCard _card;
    private readonly bool _divides;
    private ulong _time;
    private long _cycle = Fastest;
    private int _speed = FastestMbps;
    private uint _increment;

    internal CountedTime(IxgbeCard card) : base(card)
    {
        (_card, _divides) = (card, !card.Options.IsCopper);
        Registers.OnWrite(TIMINCA, (_, value) =>
        {
            Registers[TIMINCA] = value;
            Configure();
        });
        Registers.OnWrite(TIMADJ, Adjust);
    }

    internal override void Poll()
    {
        int speed = _card.Link.IsUp ? _card.Link.SpeedMbps : FastestMbps;
        if (speed == _speed) return;
        CountUp();
        _speed = speed;
        _cycle = Fastest * FastestMbps / speed;
        Pace();
    }

    private protected override ulong Shown => _time;

    private protected override void Count(long steps) => _time += (ulong)steps * _increment;

    private protected override void Set(ulong value) => _time = value;

    private protected override void Clear() => _time = 0;

    private protected override void Pace()
    {
        uint attributes = Registers[TIMINCA];
        _increment = _divides ? attributes & 0xFF_FFFF : attributes;
        Period = _divides ? _cycle * (attributes >> 24) : _cycle;
    }

    // Writing the high half, with the sign in bit 31, adds both halves to the time (8.2.3.26.14).
    private void Adjust(int index, uint value)
    {
        Registers[TIMADJ, index] = value;
        if (index != 1) return;
        CountUp();
        ulong offset = Registers[TIMADJ] | (ulong)(value & 0x7FFF_FFFF) << 32;
        _time = (value & 0x8000_0000) != 0 ? _time - offset : _time + offset;
    }
}

/// <summary>
/// The clock of the X550: seconds, nanoseconds and a residue of 2^-32 ns, which grow by 12.5 ns at 80 MHz whatever the
/// link does, while TSAUXC.DISABLE_SYSTIME is clear (X550 datasheet 7.7.3.1, 8.2.2.21).
/// </summary>
internal sealed class SecondsTime : SystemTime
{
    private const long Cycle = 125;
    private const ulong NominalStep = 25ul << 31; // 12.5 ns
    private const uint SecondInNanoseconds = 1_000_000_000, Sign = 1u << 31;

    // In units of 2^-32 ns.
    private UInt128 _time;
    private ulong _step = NominalStep;

    // Nanoseconds still to be added or subtracted, one per cycle.
    private uint _adjustment;
    private bool _adjustsBack;

    internal SecondsTime(IxgbeCard card) : base(card)
    {
        Registers.OnRead(SYSTIMR, _ =>
        {
            CountUp();
            return (uint)_time;
        });
        Registers.OnWrite(SYSTIMR, (_, value) =>
        {
            CountUp();
            _time = _time >> 32 << 32 | value;
        });
        Registers.OnWrite(TIMINCA, (_, value) =>
        {
            Registers[TIMINCA] = value;
            Configure();
        });
        Registers.OnWrite(TIMADJ, Adjust);
    }

    /// <summary>An adjustment requested by software is complete.</summary>
    internal Action? Adjusted { get; set; }

    /// <summary>A full second has passed.</summary>
    internal Action? Wrapped { get; set; }

    /// <summary>TSAUXC was written.</summary>
    internal void FollowControl() => Configure();

    private protected override ulong Shown
    {
        get
        {
            var (seconds, nanoseconds) = Math.DivRem((ulong)(_time >> 32), SecondInNanoseconds);
            return seconds << 32 | nanoseconds;
        }
    }

    private protected override void Count(long steps)
    {
        uint seconds = (uint)(Shown >> 32);
        _time += (UInt128)(ulong)steps * _step;
        if (_adjustment != 0) Adjust(steps);
        if ((uint)(Shown >> 32) != seconds) Wrapped?.Invoke();
    }

    // Nanoseconds that make a second or more are ignored (8.2.2.21.9).
    private protected override void Set(ulong value)
    {
        uint nanoseconds = (uint)value;
        if (nanoseconds < SecondInNanoseconds)
            _time = (UInt128)((value >> 32) * SecondInNanoseconds + nanoseconds) << 32 | (uint)_time;
    }

    private protected override void Clear() => (_time, _adjustment) = (0, 0);

    private protected override void Pace()
    {
        uint attributes = Registers[TIMINCA], increment = attributes & ~Sign;
        _step = (attributes & Sign) != 0 ? NominalStep - increment : NominalStep + increment;
        Period = (Registers[TSAUXC] & TSAUXC_.DisableSystemTime) != 0 ? 0 : Cycle;
    }

    private void Adjust(int index, uint value)
    {
        if (index != 0) return; // The X550 has one register.
        CountUp();
        Registers[TIMADJ] = value;
        (_adjustment, _adjustsBack) = (value & ~Sign, (value & Sign) != 0);
    }

    private void Adjust(long steps)
    {
        uint nanoseconds = (uint)Math.Min(steps, _adjustment);
        var distance = (UInt128)nanoseconds << 32;
        _time = _adjustsBack ? _time - distance : _time + distance;
        _adjustment -= nanoseconds;
        if (_adjustment == 0) Adjusted?.Invoke();
    }
}
