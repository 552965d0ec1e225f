using Ixy.Simulation.Cards;

namespace Ixy.Simulation.Faults;

/// <summary>
/// The faults of one card: planned and current. The models ask here once per turn or in a register access, and never
/// per packet. Used under the card's lock.
/// </summary>
internal sealed class CardFaults(CardModel card)
{
    private const long Never = long.MaxValue;

    private readonly List<Waiting> _waiting = [];
    private readonly long[] _endsAt = new long[CardFault.All.Count];
    // As bits: current faults, those that end once they have struck, and those with an end time.
    private uint _active, _strikesOnce, _ends;

    /// <summary>There is something to check in each turn.</summary>
    internal bool AreDue => _waiting.Count > 0 || _ends != 0;

    /// <summary>The card has this fault now.</summary>
    internal bool Any => _active != 0;

    /// <summary>Every read returns all ones.</summary>
    internal bool IsGone => Has(CardFault.Gone);

    /// <summary>It takes no turns.</summary>
    internal bool StandsStill => (_active & (CardFault.Gone.Bit | CardFault.ServerStalls.Bit)) != 0;

    /// <summary>The far end shows no signal.</summary>
    internal bool HasNoSignal => (_active & (CardFault.LinkFlap.Bit | CardFault.NoLink.Bit)) != 0;

    internal bool Has(CardFault fault) => (_active & fault.Bit) != 0;

    /// <summary>The fault strikes what the card is doing now; it strikes again only if it lasts.</summary>
    internal bool Strikes(CardFault fault)
    {
        if (!Has(fault)) return false;
        if ((_strikesOnce & fault.Bit) != 0) End(fault);
        return true;
    }

    /// <summary>Schedules a fault for its time, or now: the card's clock must be up to date.</summary>
    internal void Plan(PlannedFault planned)
    {
        if (planned.IsNow) Begin(planned, card.Now);
        else _waiting.Add(new(planned));
    }

    /// <summary>Begins and ends what is due.</summary>
    internal void Poll(long now)
    {
        for (int i = 0; i < _waiting.Count; i++)
        {
            if (!_waiting[i].IsDue(now, card.Wire.Statistics)) continue;
            var planned = _waiting[i].Planned;
            _waiting.RemoveAt(i--);
            Begin(planned, now);
        }
        if (_ends == 0) return;
        foreach (var fault in CardFault.All)
        {
            if ((_ends & fault.Bit) != 0 && now >= _endsAt[Index(fault)]) End(fault);
        }
    }

    /// <summary>Ends the fault, or cancels it; does nothing if there is none.</summary>
    internal void Mend(CardFault fault)
    {
        _waiting.RemoveAll(waiting => waiting.Planned.Fault == fault);
        End(fault);
    }

    private void End(CardFault fault)
    {
        if (!Has(fault)) return;
        _active &= ~fault.Bit;
        _ends &= ~fault.Bit;
        card.FaultHasEnded(fault);
    }

    /// <summary>A reset of any kind ends the faults it cures.</summary>
    internal void EndByReset()
    {
        if (_active == 0) return;
        foreach (var fault in CardFault.All)
        {
            if (fault.Course == FaultCourse.UntilReset && (_ends & fault.Bit) == 0) End(fault);
        }
    }

    private static int Index(CardFault fault) => int.Log2((int)fault.Bit);

    private void Begin(PlannedFault planned, long now)
    {
        var fault = planned.Fault;
        if (fault.Course == FaultCourse.Once)
        {
            card.FaultHasBegun(fault);
            return;
        }
        long? duration = planned.Duration ?? fault.UsualDuration;
        _endsAt[Index(fault)] = duration is { } time ? now + time : Never;
        _ends = duration is null ? _ends & ~fault.Bit : _ends | fault.Bit;
        bool isNext = fault.Course == FaultCourse.Next && duration is null;
        _strikesOnce = isNext ? _strikesOnce | fault.Bit : _strikesOnce & ~fault.Bit;
        if (Has(fault)) return;
        _active |= fault.Bit;
        card.FaultHasBegun(fault);
    }

    // Its time counts from the first turn that knows about it.
    private sealed class Waiting(PlannedFault planned)
    {
        private long? _at;

        internal PlannedFault Planned => planned;

        internal bool IsDue(long now, Wires.WireStatistics frames)
        {
            _at ??= now + planned.After;
            return now >= _at && frames.Sent >= planned.Received && frames.Received >= planned.Sent;
        }
    }
}
