using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.CardRegisters;

namespace Ixy.Simulation.Ixgbe;

/// <summary>
/// The security blocks in both data paths, as far as all drivers use them: halt, wait until empty, change, go on
/// (datasheet 7.9.4, 8.2.3.12). Encryption itself is not modelled; both blocks are off after reset.
/// </summary>
internal sealed class SecurityBlocks
{
    // Frames on their way through the block when it is told to halt.
    private const long Drains = 1_000;
    private readonly IxgbeCard _card;
    private long _receiveHaltedAt, _transmitHaltedAt;

    internal SecurityBlocks(IxgbeCard card)
    {
        _card = card;
        card.Registers.OnWrite(SECRXCTRL, (_, value) => Write(SECRXCTRL, SECRXSTAT, value, ref _receiveHaltedAt));
        card.Registers.OnWrite(SECTXCTRL, (_, value) => Write(SECTXCTRL, SECTXSTAT, value, ref _transmitHaltedAt));
        card.Registers.OnRead(SECRXSTAT, _ => Ready(SECRXCTRL, _receiveHaltedAt));
        card.Registers.OnRead(SECTXSTAT, _ => Ready(SECTXCTRL, _transmitHaltedAt));
    }

    /// <summary>SECRXCTRL.RX_DIS: no frame passes from the MAC to the packet buffer.</summary>
    internal bool ReceiveHalted { get; private set; }

    /// <summary>SECTXCTRL.TX_DIS: no frame passes from the packet buffer to the MAC.</summary>
    internal bool TransmitHalted { get; private set; }

    internal void Reset() => (ReceiveHalted, TransmitHalted) = (false, false);

    private void Write(Register control, Register status, uint value, ref long haltedAt)
    {
        uint changed = _card.Registers[control] ^ value;
        if ((changed & SECCTRL_.Off) != 0 && IsRunning(control) && Ready(control, haltedAt) == 0)
        {
            _card.Violations.Add("security-change-while-running", control.Name, value, "7.9.4",
                $"the security block was switched while frames pass: halt it and wait for {status.Name} first");
        }
        if ((changed & value & SECCTRL_.Halt) != 0) haltedAt = _card.Now;
        _card.Registers[control] = value;
        ReceiveHalted = (_card.Registers[SECRXCTRL] & SECCTRL_.Halt) != 0;
        TransmitHalted = (_card.Registers[SECTXCTRL] & SECCTRL_.Halt) != 0;
    }

    // No frame comes this way before the data path is enabled.
    private bool IsRunning(Register control) => control == SECRXCTRL
        ? (_card.Registers[RXCTRL] & RXCTRL_.Enable) != 0
        : (_card.Registers[DMATXCTL] & DMATXCTL_.Enable) != 0;

    private uint Ready(Register control, long haltedAt) =>
        (_card.Registers[control] & SECCTRL_.Halt) != 0 && _card.Now - haltedAt >= Drains ? SECSTAT_.Ready : 0;
}
