using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Management;

/// <summary>
/// The security blocks in both data paths, as far as all drivers use them: halt, wait until empty, change, continue
/// (datasheet 7.9.4, 8.2.3.12). They do nothing to frames: on this part, security is fused off, as SECTXSTAT and
/// SECRXSTAT say, and the bits to turn it on always read as off.
/// </summary>
internal sealed class SecurityBlocks
{
    // Frames in flight in the block when it is told to halt.
    private const long Drains = 1_000;
    private readonly IxgbeCard _card;
    private long _receiveHaltedAt, _transmitHaltedAt;

    internal SecurityBlocks(IxgbeCard card)
    {
        _card = card;
        card.Registers.OnWrite(SECRXCTRL, (_, value) => Write(SECRXCTRL, SECRXSTAT, value, ref _receiveHaltedAt));
        card.Registers.OnWrite(SECTXCTRL, (_, value) => Write(SECTXCTRL, SECTXSTAT, value, ref _transmitHaltedAt));
        card.Registers.OnRead(SECRXSTAT, _ => Status(SECRXCTRL, _receiveHaltedAt));
        card.Registers.OnRead(SECTXSTAT, _ => Status(SECTXCTRL, _transmitHaltedAt));
    }

    /// <summary>SECRXCTRL.RX_DIS: no frame passes from the MAC to the packet buffer.</summary>
    internal bool ReceiveHalted { get; private set; }

    /// <summary>SECRXSTAT: after a halt, no frames are in flight any more.</summary>
    internal bool IsReceiveStopped => IsReady(SECRXCTRL, _receiveHaltedAt);

    /// <summary>SECTXCTRL.TX_DIS: no frame passes from the packet buffer to the MAC.</summary>
    internal bool TransmitHalted { get; private set; }

    internal void Reset() => (ReceiveHalted, TransmitHalted) = (false, false);

    private void Write(Register control, Register status, uint value, ref long haltedAt)
    {
        uint changed = _card.Registers[control] ^ value;
        if ((changed & SECCTRL_.Off) != 0 && IsRunning(control) && !IsReady(control, haltedAt))
        {
            _card.Violations.Add("security-change-while-running", control.Name, value, "7.9.4",
                $"the security block was switched while frames pass: halt it and wait for {status.Name} first");
        }
        if ((changed & value & SECCTRL_.Halt) != 0) haltedAt = _card.Now;
        _card.Registers[control] = value | SECCTRL_.Off;
        ReceiveHalted = (_card.Registers[SECRXCTRL] & SECCTRL_.Halt) != 0;
        TransmitHalted = (_card.Registers[SECTXCTRL] & SECCTRL_.Halt) != 0;
    }

    // No frame takes this path before the data path is enabled.
    private bool IsRunning(Register control) => control == SECRXCTRL
        ? (_card.Registers[RXCTRL] & RXCTRL_.Enable) != 0
        : (_card.Registers[DMATXCTL] & DMATXCTL_.Enable) != 0;

    private uint Status(Register control, long haltedAt) =>
        SECSTAT_.FusedOff | (IsReady(control, haltedAt) ? SECSTAT_.Ready : 0);

    private bool IsReady(Register control, long haltedAt) =>
        (_card.Registers[control] & SECCTRL_.Halt) != 0 && _card.Now - haltedAt >= Drains;
}
