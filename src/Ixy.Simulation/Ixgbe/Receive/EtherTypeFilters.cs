using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>The eight EtherType filters, ETQF and ETQS (datasheet 7.1.2.3).</summary>
internal sealed class EtherTypeFilters
{
    private readonly RegisterFile _registers;
    private bool _stale = true, _any;

    internal EtherTypeFilters(RegisterFile registers)
    {
        _registers = registers;
        foreach (var register in (Register[])[ETQF, ETQS]) registers.AfterWrite(register, _ => _stale = true);
    }

    /// <summary>At least one filter is enabled.</summary>
    internal bool Any
    {
        get
        {
            if (_stale) Latch();
            return _any;
        }
    }

    internal void Invalidate() => _stale = true;

    /// <summary>
    /// If a filter matches, its number becomes the packet type, and its queue, if it has one, the frame's.
    /// </summary>
    internal bool Match(in PacketHeaders headers, ref ReceivedFrame information)
    {
        for (int index = 0; index < ETQF.Count; index++)
        {
            uint filter = _registers[ETQF, index];
            if ((filter & ETQF_.FilterEnable) == 0 || (ushort)filter != headers.EtherType) continue;
            uint priority = filter >> ETQF_.UpShift & 7;
            if ((filter & ETQF_.UpEnable) != 0 && (!headers.HasVlanTag || headers.VlanTag >> 13 != priority)) continue;
            uint select = _registers[ETQS, index];
            if ((select & ETQS_.QueueEnable) != 0) information.Queue = (byte)(select >> ETQS_.QueueShift & 0x7F);
            if ((select & ETQS_.LowLatencyInterrupt) != 0) information.Status |= ReceiveDescriptor.LowLatencyInterrupt;
            information.PacketInfo = (PacketType.EtherTypeFilter | (uint)index) << ReceiveDescriptor.PacketTypeShift;
            return true;
        }
        return false;
    }

    private void Latch()
    {
        _stale = false;
        _any = false;
        for (int index = 0; index < ETQF.Count; index++) _any |= (_registers[ETQF, index] & ETQF_.FilterEnable) != 0;
    }
}
