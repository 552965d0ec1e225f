using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;

namespace Ixy.Simulation.Ixgbe.Management;

/// <summary>
/// SWSM, FWSM and SW_FW_SYNC: which driver or firmware uses EEPROM, PHYs and MAC (datasheet 8.2.3.4, 10.5.4). The
/// firmware of this card never holds anything.
/// </summary>
internal sealed class Semaphores
{
    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private bool _registersOwned;

    internal Semaphores(IxgbeCard card)
    {
        _card = card;
        _registers = card.Registers;
        _registers.OnRead(SWSM, _ => ReadSwsm());
        _registers.OnWrite(SWSM, (_, value) =>
            _registers[SWSM] = (_registers[SWSM] & value & SWSM_.SMBI) | (value & SWSM_.SWESMBI));
        _registers.OnRead(SW_FW_SYNC, _ => ReadSync());
        _registers.OnWrite(SW_FW_SYNC, (_, value) => WriteSync(value));
    }

    /// <summary>Software holds a PHY's bit, as required for MDIO and I2C (10.5.4).</summary>
    internal bool PhyOwned => (_registers[SW_FW_SYNC] & (SW_FW_SYNC_.Phy0 | SW_FW_SYNC_.Phy1)) != 0;

    // The X540 guards SW_FW_SYNC with a bit of its own, the 82599 with SWSM.SWESMBI.
    private bool SyncOwned => _card.Options.IsCopper ? _registersOwned : (_registers[SWSM] & SWSM_.SWESMBI) != 0;

    internal void PciReset() => _registersOwned = false;

    // Reading SMBI as 0 takes it: the same read sets it (8.2.3.4).
    private uint ReadSwsm()
    {
        uint value = _registers[SWSM];
        _registers[SWSM] = value | SWSM_.SMBI;
        return value;
    }

    private uint ReadSync()
    {
        uint value = _registers[SW_FW_SYNC];
        if (!_card.Options.IsCopper) return value;
        if (_registersOwned) return value | SW_FW_SYNC_.Registers;
        _registersOwned = true;
        return value;
    }

    private void WriteSync(uint value)
    {
        uint bits = value & ~SW_FW_SYNC_.Registers;
        if (bits != _registers[SW_FW_SYNC] && !SyncOwned)
        {
            _card.Violations.Add("semaphore-not-owned", "SW_FW_SYNC", value, "10.5.4",
                _card.Options.IsCopper
                    ? "SW_FW_SYNC was changed by software that has not taken its REGSMP bit"
                    : "SW_FW_SYNC was changed by software that has not taken SWSM.SWESMBI");
        }
        _registers[SW_FW_SYNC] = bits;
        if ((value & SW_FW_SYNC_.Registers) == 0) _registersOwned = false;
    }
}
