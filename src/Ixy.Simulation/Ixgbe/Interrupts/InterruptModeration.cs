using static Ixy.Ixgbe.IxgbeFeatureRegisters;

namespace Ixy.Simulation.Ixgbe.Interrupts;

/// <summary>
/// EITR: the shortest time between two interrupts of a vector, and the credits that let urgent ones pass (datasheet
/// 7.3.2, 8.2.3.5.12). The datasheet's counter is stored as the time at which it reaches zero.
/// </summary>
internal sealed class InterruptModeration
{
    // EITR (8.2.3.5.12)
    private const uint IntervalMask = 0x1FF, CreditMask = 0x1F, CounterMask = 0x7F, LowLatencyModeration = 1u << 15;
    private const int CreditShift = 16, CounterShift = 21;

    // One unit of EITR and of GPIE.LL_Interval at 10 and 1 Gbit/s; ten times as long at 100 Mbit/s.
    private const long CountTime = EITR_.IntervalUnit, CreditTime = 4_000;
    private const int CounterHiddenBits = 2;

    private readonly IxgbeCard _card;
    private readonly Vector[] _vectors = new Vector[EITR.Count];
    private uint _creditInterval;

    internal InterruptModeration(IxgbeCard card)
    {
        _card = card;
        card.Registers.OnRead(EITR, Read);
    }

    /// <summary>When the vector may interrupt again.</summary>
    internal long ReadyAt(int vector) => _vectors[vector].ReadyAt;

    /// <summary>The vector interrupts now: its counter restarts from the interval.</summary>
    internal void Start(int vector, long now) => _vectors[vector].ReadyAt = ExpiresAt(vector, now);

    /// <summary>When a counter of the vector that starts now would reach zero.</summary>
    internal long ExpiresAt(int vector, long now) => now + _vectors[vector].Interval * Scaled(CountTime);

    /// <summary>An urgent cause: the vector need not wait, unless its credits are used up (7.3.2.3).</summary>
    internal void PassUrgent(int vector, long now)
    {
        ref var state = ref _vectors[vector];
        if (state.ReadyAt <= now) return;
        if (state.IsUrgencyModerated && _creditInterval == 0)
        {
            _card.Violations.Add("lli-without-interval", $"EITR[{vector}]", LowLatencyModeration, "8.2.3.5.18",
                "moderation of low-latency interrupts is on while GPIE.LL_Interval is 0");
        }
        else if (state.IsUrgencyModerated)
        {
            Replenish(ref state, now);
            if (state.Credits == 0) return;
            state.Credits--;
        }
        state.ReadyAt = now;
    }

    /// <summary>GPIE.LL_Interval: how often a vector gains a credit; 0 switches the credits off.</summary>
    internal void SetCreditInterval(uint interval, long now)
    {
        for (int vector = 0; vector < _vectors.Length; vector++) Replenish(ref _vectors[vector], now);
        _creditInterval = interval;
    }

    internal void Write(int vector, uint value, long now)
    {
        ref var state = ref _vectors[vector];
        Replenish(ref state, now);
        state.Interval = value >> EITR_.IntervalShift & IntervalMask;
        state.IsUrgencyModerated = (value & LowLatencyModeration) != 0;
        // For other parts of the card that use the interval (7.2.3.5.1).
        _card.Registers[EITR, vector] = value & (IntervalMask << EITR_.IntervalShift | LowLatencyModeration);
        if ((value & EITR_.CounterWriteDisable) != 0) return;
        state.Credits = value >> CreditShift & CreditMask;
        uint counter = (value >> CounterShift & CounterMask) << CounterHiddenBits;
        state.ReadyAt = now + counter * Scaled(CountTime);
        if (state.Credits != 0 || counter != 0)
            _card.Violations.Add("eitr-counter", $"EITR[{vector}]", value, "8.2.3.5.12",
                "the counter and the credits were written with values other than 0 (CNT_WDIS clear)");
    }

    internal void Reset()
    {
        Array.Clear(_vectors);
        _creditInterval = 0;
    }

    private uint Read(int vector)
    {
        ref var state = ref _vectors[vector];
        Replenish(ref state, _card.Now);
        long unit = Scaled(CountTime), left = Math.Max(0, state.ReadyAt - _card.Now);
        uint counter = (uint)Math.Min((left + unit - 1) / unit, IntervalMask) >> CounterHiddenBits;
        return state.Interval << EITR_.IntervalShift | (state.IsUrgencyModerated ? LowLatencyModeration : 0)
            | state.Credits << CreditShift | counter << CounterShift;
    }

    private void Replenish(ref Vector state, long now)
    {
        long time = _creditInterval * Scaled(CreditTime);
        long gained = time == 0 ? 0 : (now - state.CreditedAt) / time;
        state.Credits = (uint)Math.Min(state.Credits + gained, CreditMask);
        state.CreditedAt = time == 0 ? now : state.CreditedAt + gained * time;
    }

    private long Scaled(long time) => _card.Link.SpeedMbps == 100 ? 10 * time : time;

    private struct Vector
    {
        internal uint Interval, Credits;
        internal bool IsUrgencyModerated;
        internal long ReadyAt, CreditedAt;
    }
}
