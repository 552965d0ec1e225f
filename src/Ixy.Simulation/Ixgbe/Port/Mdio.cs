using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;

namespace Ixy.Simulation.Ixgbe.Port;

/// <summary>
/// The management bus to a PHY: MSCA starts a clause 45 address, write or read cycle and clears its command bit when it
/// is done; MSRWD carries the data (datasheet 3.7.7, 8.2.3.22.11). On a card with an SFP+ cage nothing answers: reads
/// return all ones.
/// </summary>
internal sealed class Mdio
{
    internal const uint Clause22 = 3u << 28, ReadNext = 2; // MSCA (8.2.3.22.11)

    // 64 bits of a frame at 2.4 MHz.
    internal const long CycleTime = 27_000;

    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private long _doneAt = long.MinValue;
    private ushort _address;
    private bool _ownershipReported;

    internal Mdio(IxgbeCard card)
    {
        _card = card;
        _registers = card.Registers;
        _registers.OnRead(MSCA, _ => _registers[MSCA] | (card.Now < _doneAt ? MSCA_.Command : 0));
        _registers.OnWrite(MSCA, (_, value) => Start(value));
        _registers.OnWrite(
            MSRWD, (_, value) => _registers[MSRWD] = (_registers[MSRWD] & 0xFFFF_0000) | (value & 0xFFFF));
    }

    internal void Reset() => _doneAt = long.MinValue;

    private void Start(uint command)
    {
        if (_card.Now < _doneAt)
        {
            _card.Violations.Add("mdio-while-busy", "MSCA", command, "8.2.3.22.11",
                "a cycle was started before the one before it was over: wait for MSCA.MDICMD to clear");
        }
        _registers[MSCA] = command & ~MSCA_.Command;
        if ((command & MSCA_.Command) == 0) return;
        CheckOwner(command);
        _doneAt = _card.Now + CycleTime;
        if ((command & Clause22) == 0) Run(command);
        else SetReadData(0xFFFF);
    }

    private void CheckOwner(uint command)
    {
        if (_ownershipReported || _card.Semaphores.PhyOwned) return;
        _ownershipReported = true;
        _card.Violations.Add("phy-without-semaphore", "MSCA", command, "10.5.4",
            "an MDIO cycle was started by software that holds no PHY bit of SW_FW_SYNC");
    }

    private void Run(uint command)
    {
        int phy = (int)(command >> MSCA_.PhyShift) & 0x1F, device = (int)(command >> MSCA_.DeviceShift) & 0x1F;
        bool answers = _card.Options.IsCopper && phy == 0;
        switch (command >> MSCA_.OperationShift & 3)
        {
            case MSCA_.Address:
                _address = (ushort)command;
                break;
            case MSCA_.Write:
                if (answers) _card.Phy.Write(device, _address, (ushort)_registers[MSRWD]);
                break;
            case ReadNext:
                SetReadData(answers ? _card.Phy.Read(device, _address++) : (ushort)0xFFFF);
                break;
            default:
                SetReadData(answers ? _card.Phy.Read(device, _address) : (ushort)0xFFFF);
                break;
        }
    }

    private void SetReadData(ushort value) => _registers[MSRWD] = (_registers[MSRWD] & 0xFFFF) | (uint)value << 16;
}
