using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Ixgbe;

/// <summary>
/// CTRL, CTRL_EXT and STATUS: software and link reset with their delays, and the handshake that stops the card's bus
/// requests (datasheet 4.2.1.6, 4.6.3.2, 5.2.5.3.2, 8.2.3.1).
/// </summary>
internal sealed class DeviceControl
{
    // After a reset, the reset bit clears itself, the EEPROM is read again, the DMA units clear their memories, and the
    // firmware configures the port; software waits for at least 10 ms (4.6.3.2), as far as its timers are accurate.
    internal const long BitClears = 1_000, AutoReadDone = 1_000_000, DmaInitDone = 2_000_000;
    internal const long ConfigurationDone = 5_000_000, Settled = 9_500_000, MasterStops = 1_000;

    private const uint ResetBits = CTRL_.RST | CTRL_.LRST;
    private const uint PfResetDone = 1u << 14;
    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private readonly HashSet<Register> _survivors, _keptByPciReset;
    private uint _resetting;

    // Nanoseconds after the last reset.
    private long _bitClears = BitClears, _dmaInitDone = DmaInitDone, _masterStops = MasterStops;
    private long _resetAt = long.MinValue / 2, _masterDisabledAt;
    private bool _accessReported = true;

    internal DeviceControl(IxgbeCard card)
    {
        _card = card;
        _registers = card.Registers;
        _survivors = [.. CardRegisters.All.Where(register => ResetEffects.WhyKept(register) is not null)];
        _keptByPciReset = [.. CardRegisters.All.Where(ResetEffects.IsKeptByPciReset)];
        _registers.OnRead(CTRL, _ => _registers[CTRL] | (IsResetShown ? _resetting : 0));
        _registers.OnWrite(CTRL, WriteControl);
        // PFRSTD notifies the virtual functions and clears itself (8.2.3.1.3).
        _registers.OnWrite(CTRL_EXT, (_, value) => _registers[CTRL_EXT] = value & ~PfResetDone);
        _registers.OnRead(STATUS, _ => Status);
        _registers.OnRead(RDRXCTL, _ =>
            (_registers[RDRXCTL] & ~RDRXCTL_.DmaInitDone) | (SinceReset >= _dmaInitDone ? RDRXCTL_.DmaInitDone : 0));
    }

    /// <summary>The card may not start bus requests: CTRL.GIO_Master_Disable is set.</summary>
    internal bool MasterDisabled { get; private set; }

    /// <summary>Nanoseconds from the last reset to the end of the EEPROM's auto-read.</summary>
    internal long AutoReadEnds { get; private set; } = AutoReadDone;

    /// <summary>Nanoseconds since the last reset of any kind; a long time after power-on.</summary>
    internal long SinceReset => _card.Now - _resetAt;

    private bool IsResetShown => SinceReset < _bitClears || _card.Faults.Has(CardFault.ResetHangs);

    private bool HasMasterStopped => MasterDisabled && _card.Now - _masterDisabledAt >= _masterStops
        && !_card.Faults.Has(CardFault.MasterHangs);

    // LAN_ID is 0: the card has one port. The link indication is 8.2.3.1.2, bit 7.
    private uint Status =>
        (HasMasterStopped ? 0 : STATUS_.MasterEnable)
        | (_card.Link.IsUp ? 1u << 7 : 0);

    /// <summary>
    /// State that survives every reset while there is power: memories without a reset value, the board's pins and LEDs.
    /// </summary>
    internal IReadOnlySet<Register> KeptByPciReset => _keptByPciReset;

    /// <summary>
    /// Checks that software waits for a reset to complete before it touches any register except those that report it.
    /// </summary>
    internal void CheckAccess(uint offset)
    {
        if (_accessReported || IsExempt(offset)) return;
        if (SinceReset >= Settled)
        {
            _accessReported = true;
            return;
        }
        _accessReported = true;
        _card.Violations.Add("access-during-reset", _registers.Describe(offset), (ulong)SinceReset, "4.6.3.2",
            $"accessed {SinceReset / 1000} microseconds after a reset: wait for 10 milliseconds");
    }

    /// <summary>State after a function-level or PCI reset.</summary>
    internal void PciReset()
    {
        (_resetAt, _resetting, MasterDisabled, _accessReported) = (_card.Now, 0, false, true);
        DrawTimes();
    }

    // Registers that report the end of the reset, or are shared with other ports.
    private static bool IsExempt(uint offset) =>
        offset == CTRL || offset == STATUS || offset == SWSM || offset == SW_FW_SYNC;

    private void WriteControl(int index, uint value)
    {
        if ((value & ~(ResetBits | CTRL_.MasterDisable)) != 0)
        {
            _card.Violations.Add("reserved-bits", "CTRL", value, "8.2.3.1.1",
                "reserved bits of CTRL were written as 1: only GIO master disable, LRST and RST exist");
        }
        bool disable = (value & CTRL_.MasterDisable) != 0;
        if (disable && !MasterDisabled) _masterDisabledAt = _card.Now;
        bool wasDisabled = MasterDisabled;
        MasterDisabled = disable;
        _registers[CTRL] = value & CTRL_.MasterDisable;
        if ((value & ResetBits) != 0) Reset(value & ResetBits, wasDisabled);
    }

    private void Reset(uint bits, bool masterWasDisabled)
    {
        if (!masterWasDisabled) CheckQuiesced(bits);
        Reset(bits);
    }

    /// <summary>A reset of card and link that no driver requested.</summary>
    internal void ResetOnItsOwn()
    {
        Reset(ResetBits);
        _accessReported = true;
    }

    private void Reset(uint bits)
    {
        uint extendedVlan = _registers[CTRL_EXT] & CTRL_EXT_.ExtendedVlan;
        _card.SoftwareReset(_survivors, linkToo: (bits & CTRL_.LRST) != 0);
        // "This bit should only be reset by a PCIe reset" (8.2.3.1.3).
        _registers[CTRL_EXT] |= extendedVlan;
        (_resetAt, _resetting, MasterDisabled, _accessReported) = (_card.Now, bits, false, false);
        DrawTimes();
    }

    // Software must check when a step is over: the datasheet only says how long it should wait before it checks.
    private void DrawTimes()
    {
        var lots = _card.Behaviour;
        _bitClears = lots.Time(BitClears, 20 * AutoReadDone);
        _dmaInitDone = lots.Time(DmaInitDone, 50 * AutoReadDone);
        AutoReadEnds = lots.Time(AutoReadDone, 50 * AutoReadDone);
        _masterStops = lots.Time(MasterStops, AutoReadDone);
    }

    // "Prior to issuing software reset, the driver needs to execute the master disable algorithm" (4.2.1.6.1): a card
    // that is still moving packets may leave half a transaction on the bus.
    private void CheckQuiesced(uint bits)
    {
        for (int queue = 0; queue < RXDCTL.Count; queue++)
        {
            if (((_registers[RXDCTL, queue] & RXDCTL_.Enable) | (_registers[TXDCTL, queue] & TXDCTL_.Enable)) == 0)
                continue;
            _card.Violations.Add("reset-while-busy", "CTRL", bits, "4.2.1.6.1, 5.2.5.3.2",
                $"reset while queue {queue} is enabled and bus requests are not stopped with GIO master disable");
            return;
        }
    }
}
