using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Clocks;

/// <summary>
/// TCPTIMER: a millisecond down-counter that sets the TCP timer cause when it reaches zero, once or repeatedly
/// (datasheet 7.3.3, 8.2.3.1).
/// </summary>
internal sealed class TcpTimer
{
    private const uint Duration = 0xFF, KickStart = 1 << 8, CountEnable = 1 << 9, CountFinish = 1 << 10, Loop = 1 << 11;
    private const long Millisecond = 1_000_000;

    private readonly IxgbeCard _card;
    private long? _endsAt;
    private long _left;

    internal TcpTimer(IxgbeCard card)
    {
        _card = card;
        card.Registers.OnWrite(TCPTIMER, (_, value) => Write(value));
    }

    private uint Settings => _card.Registers[TCPTIMER];

    internal void Poll(long now)
    {
        if (_endsAt is not { } end || now < end) return;
        _endsAt = (Settings & Loop) != 0 ? end + Length : null;
        _card.Interrupts.RaiseCause(EICR_.TcpTimer);
    }

    internal void Reset() => (_endsAt, _left) = (null, 0);

    // A duration of 0 would interrupt forever; the counter needs at least one tick.
    private long Length => Math.Max(1, Settings & Duration) * Millisecond;

    // KickStart and CountFinish act and read as 0. Without CountEnable the counter stops where it is.
    private void Write(uint value)
    {
        Stop();
        _card.Registers[TCPTIMER] = value & (Duration | CountEnable | Loop);
        if ((value & CountFinish) != 0) _left = 0;
        if ((value & KickStart) != 0) _left = Length;
        if ((value & CountEnable) != 0 && _left > 0) _endsAt = _card.Now + _left;
    }

    private void Stop()
    {
        if (_endsAt is { } end) _left = Math.Max(0, end - _card.Now);
        else if ((Settings & CountEnable) != 0) _left = 0;
        _endsAt = null;
    }
}
