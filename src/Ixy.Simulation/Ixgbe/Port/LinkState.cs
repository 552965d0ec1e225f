using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Port;

/// <summary>
/// The port's link: AUTOC, AUTOC2, MACC, LINKS and what a link partner shows (datasheet 3.7, 4.6.4, 8.2.3.22). The link
/// comes up <see cref="IxgbeCardOptions.LinkUpDelay"/> after there is a signal, the transmitter is on, and both ends
/// support the speed.
/// </summary>
internal sealed class LinkState
{
    // AUTOC (8.2.3.22.19)
    internal const uint ForceLinkUp = 1, ModeBitsMask = 7;
    internal const int AutocModeShift = 13;

    // LINKS (8.2.3.22.20)
    internal const uint StillUp = 1u << 7, Speed100M = 1u << 28, Speed1G = 2u << 28, Speed10G = 3u << 28,
        SpeedMask = 3u << 28;
    internal const int LinksModeShift = 26;
    private const uint SerialBlockLock = 1u << 4, SerialSignal = 1u << 12, GigabitSync = 1u << 18,
        GigabitEnabled = 1u << 21;
    private const uint SerialEnabled = 1u << 24, AnComplete = 1u << 31;

    private const long Never = long.MaxValue;

    // For a link with a random delay.
    private const long LongestLinkUp = 200_000_000;

    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private uint _mode;
    private long _nextChange = Never;
    private bool _stillUp, _hadSignal = true, _restarted;

    internal LinkState(IxgbeCard card)
    {
        _card = card;
        _registers = card.Registers;
        _registers.OnWrite(AUTOC, WriteAutoc);
        _registers.OnWrite(AUTOC2, (_, value) =>
        {
            _registers[AUTOC2] = value;
            Evaluate();
        });
        _registers.OnWrite(MACC, (_, value) =>
        {
            _registers[MACC] = value;
            Evaluate();
        });
        _registers.OnRead(LINKS, _ => ReadLinks());
        _registers.OnRead(ANLP1, _ => AnState);
        _registers.OnRead(PCS1GLSTA, _ => IsUp && SpeedMbps <= 1_000
            ? PCS1GLSTA_.LinkOk | PCS1GLSTA_.SyncOk | PCS1GLSTA_.AnComplete : 0);
    }

    /// <summary>The link is up.</summary>
    internal bool IsUp { get; private set; }

    /// <summary>
    /// Speed of the link in Mb/s: 10000, 5000, 2500, 1000 or 100; while the link is down, the speed of the last one.
    /// </summary>
    internal int SpeedMbps { get; private set; } = 10_000;

    // After a restart the arbitration machine runs, in every mode; it ends in "good" once the link is up (8.2.3.22.23).
    private uint AnState => IsUp ? ANLP1_.AnGood : _restarted ? ANLP1_.AnRestarted : 0;

    private bool Forced => _card.Options.IsCopper
        ? (_registers[MACC] & MACC_.ForceLinkUp) != 0
        : (_registers[AUTOC] & ForceLinkUp) != 0;

    // A laser or a PHY's line drivers: what the far end sees.
    private bool TransmitterOn => _card.Options.IsCopper ? _card.Phy.IsAwake : _card.Pins.LaserOn;

    /// <summary>Lets the link come up, go down or change when its delay is over.</summary>
    internal void Poll(long now)
    {
        bool signal = _card.HasSignal;
        if (signal == _hadSignal && now < _nextChange) return;
        if (_hadSignal && !signal) _card.Statistics.MLFC++;
        _hadSignal = signal;
        _card.Pins.Update();
        Evaluate(now);
    }

    /// <summary>Reconsiders the link: something it depends on has changed.</summary>
    internal void Evaluate() => Evaluate(_card.Now);

    /// <summary>State after power-on, PCI reset or link reset: the link is set up again from the EEPROM.</summary>
    internal void Reset()
    {
        _registers[AUTOC] = AUTOC.Reset;
        _registers[AUTOC2] = AUTOC2.Reset;
        _registers[MACC] = MACC.Reset;
        _mode = Mode(AUTOC.Reset);
        _restarted = false;
        Restart();
    }

    /// <summary>
    /// The link goes down and is set up again, as after AUTOC.Restart_AN or a restart in the copper PHY.
    /// </summary>
    internal void Restart()
    {
        GoDown();
        Evaluate();
    }

    private static uint Mode(uint autoc) => (autoc >> AutocModeShift) & ModeBitsMask;

    // A new link mode takes effect with Restart_AN, which clears itself (8.2.3.22.19).
    private void WriteAutoc(int index, uint value)
    {
        _registers[AUTOC] = value & ~AUTOC_.Restart;
        if ((value & AUTOC_.Restart) == 0)
        {
            Evaluate();
            return;
        }
        (_mode, _restarted) = (Mode(value), true);
        Restart();
    }

    private void Evaluate(long now)
    {
        int speed = CommonSpeed();
        bool wanted = Forced || (speed != 0 && _card.HasSignal && TransmitterOn &&
            (_registers[AUTOC2] & AUTOC2_.LinkDisable) == 0);
        if (!wanted)
        {
            if (IsUp && !TransmitterOn && !_card.Options.IsCopper && _card.HasSignal) _card.Statistics.MRFC++;
            GoDown();
            return;
        }
        if (IsUp) return;
        if (_nextChange == Never) _nextChange = Forced ? now : now + UpDelay;
        if (now < _nextChange) return;
        SpeedMbps = speed != 0 ? speed : SpeedMbps;
        Change(up: true);
    }

    private long UpDelay => _card.Behaviour.Time(_card.Options.LinkUpDelay, LongestLinkUp);

    private void GoDown()
    {
        _nextChange = Never;
        _stillUp = false;
        if (IsUp) Change(up: false);
    }

    private void Change(bool up)
    {
        IsUp = up;
        _card.Recorder?.LinkChanged(up, SpeedMbps);
        _nextChange = Never;
        _card.Phy.LinkChanged(up);
        _card.Interrupts.RaiseCause(EICR_.LinkChange);
    }

    // The speed both ends support: 0 if there is none. A serial or parallel mode has one speed (8.2.3.22.19); with
    // auto-negotiation, and on copper, it is the partner's fastest speed that software advertises. A module's rate also
    // limits it.
    private int CommonSpeed()
    {
        int partner = _card.Options.PartnerSpeedMbps;
        if (_card.Options.IsCopper) return _card.Phy.FastestAdvertised(partner);
        if (_card.Pins.SlowRateSelected && partner > 1_000) return 0;
        return _mode switch
        {
            0 or 2 => partner == 1_000 ? 1_000 : 0,
            1 or 3 => partner == 10_000 ? 10_000 : 0,
            5 => partner <= 1_000 ? partner : 0,
            7 => partner,
            _ => partner >= 1_000 ? partner : 0,
        };
    }

    // LINKS.Link_Status latches low: it reports a link that was down since the last read, even if it is up now.
    private uint ReadLinks()
    {
        uint value = IsUp && _stillUp ? StillUp : 0;
        _stillUp = IsUp;
        value |= SpeedBits | ModeBits;
        if (_card.HasSignal) value |= SerialSignal;
        if (!IsUp) return value;
        value |= LINKS_.Up | (_card.Options.IsCopper || ModeBits == 3u << LinksModeShift ? AnComplete : 0);
        return value | (SpeedMbps > 1_000
            ? SerialEnabled | SerialBlockLock
            : GigabitEnabled | GigabitSync);
    }

    private uint SpeedBits => SpeedMbps switch
    {
        10_000 => Speed10G,
        5_000 => Speed100M | LINKS_.OtherSpeed,
        2_500 => Speed10G | LINKS_.OtherSpeed,
        1_000 => Speed1G,
        _ => Speed100M,
    };

    // Bits 27:26 (8.2.3.22.20). The X550 has none: there, bit 27 is part of the speed, as its drivers know.
    private uint ModeBits =>
        _card.Options.IsX550 ? 0 : _mode switch { 0 or 2 or 5 => 0u, 1 => 1, 3 => 2, _ => 3 } << LinksModeShift;
}
