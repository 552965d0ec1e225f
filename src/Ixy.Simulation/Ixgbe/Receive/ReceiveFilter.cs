using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>
/// Which frames the station accepts (datasheet 7.1.1): exact addresses, hash tables, promiscuous modes, broadcast, and
/// the VLAN filter.
/// </summary>
internal sealed class ReceiveFilter
{
    private const uint HashBitsMask = 3; // MCSTCTRL

    internal const ulong Broadcast = 0xFFFF_FFFF_FFFF;
    private const ulong Multicast = 1, NoAddress = ulong.MaxValue;

    private readonly RegisterFile _registers;
    private readonly ulong[] _addresses = new ulong[RAL.Count];
    private int _addressCount;
    private uint _control, _hashControl, _vlanControl;
    private bool _stale = true;

    // Consecutive frames usually have the same address: the verdict on the last one.
    private ulong _lastAddress = NoAddress;
    private Verdict _lastVerdict;

    internal ReceiveFilter(RegisterFile registers)
    {
        _registers = registers;
        foreach (var register in (Register[])[MCSTCTRL, VLNCTRL, MTA, RAL, PFUTA])
            registers.AfterWrite(register, _ => _stale = true);
        // Bits 30:16 are reserved and store nothing (8.2.3.7.9).
        registers.OnWrite(RAH, (index, value) =>
        {
            registers[RAH, index] = value & (RAH_.Valid | RAH_.AddressMask);
            _stale = true;
        });
    }

    internal enum Verdict
    {
        Reject,
        Accept,

        /// <summary>Accepted although no exact address matches: software must check (PIF, 7.1.6.2).</summary>
        AcceptInexactly,
    }

    /// <summary>Destination address of a frame, first byte on the wire in bits 7:0, as in RAL and RAH.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Destination(ReadOnlySpan<byte> frame) =>
        Unsafe.ReadUnaligned<ulong>(ref MemoryMarshal.GetReference(frame)) & Broadcast;

    internal static bool IsMulticast(ulong address) => (address & Multicast) != 0;

    /// <summary>Registers may have changed without the write handlers.</summary>
    internal void Invalidate() => _stale = true;

    /// <summary>Passes the address filters (7.1.1.1 to 7.1.1.3)?</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Verdict Judge(ulong destination) => destination == _lastAddress ? _lastVerdict : JudgeAnew(destination);

    /// <summary>Applies software's changes; called once before the frames of a turn.</summary>
    internal void Prepare()
    {
        if (_stale) Latch();
    }

    /// <summary>Passes the VLAN filter (7.1.1.4)? Untagged frames do.</summary>
    internal bool PassesVlan(in PacketHeaders headers)
    {
        if (!headers.HasVlanTag || (_vlanControl & VLNCTRL_.FilterEnable) == 0) return true;
        int id = headers.VlanTag & 0xFFF;
        bool cfi = (headers.VlanTag & 0x1000) != 0;
        if ((_vlanControl & VLNCTRL_.CfiEnable) != 0 && cfi != ((_vlanControl & VLNCTRL_.Cfi) != 0)) return false;
        return (_registers[VFTA, id >> 5] >> (id & 31) & 1) != 0;
    }

    private Verdict JudgeAnew(ulong destination)
    {
        _lastAddress = destination;
        return _lastVerdict = Compare(destination);
    }

    private Verdict Compare(ulong destination)
    {
        if (_addresses.AsSpan(0, _addressCount).Contains(destination)) return Verdict.Accept;
        if (destination == Broadcast && Has(FCTRL_.BroadcastAccept)) return Verdict.Accept;
        if (IsMulticast(destination))
        {
            if (Has(FCTRL_.MulticastPromiscuous)) return Verdict.Accept;
            bool filtered = (_hashControl & MCSTCTRL_.FilterEnable) != 0;
            return filtered && IsInTable(MTA, destination) ? Verdict.AcceptInexactly : Verdict.Reject;
        }
        if (IsInTable(PFUTA, destination)) return Verdict.AcceptInexactly;
        return Has(FCTRL_.UnicastPromiscuous) ? Verdict.AcceptInexactly : Verdict.Reject;
    }

    private bool Has(uint mode) => (_control & mode) != 0;

    // MCSTCTRL.MO chooses 12 of the address's last 16 bits: 47:36, 46:35, 45:34 or 43:32 (8.2.3.7.3).
    private bool IsInTable(Register table, ulong destination)
    {
        int shift = (int)(_hashControl & HashBitsMask) switch { 0 => 4, 1 => 3, 2 => 2, _ => 0 };
        int hash = (int)(destination >> 32 + shift) & 0xFFF;
        return (_registers[table, hash >> 5] >> (hash & 31) & 1) != 0;
    }

    private void Latch()
    {
        _stale = false;
        _lastAddress = NoAddress;
        _control = _registers[FCTRL];
        _hashControl = _registers[MCSTCTRL];
        _vlanControl = _registers[VLNCTRL];
        _addressCount = 0;
        for (int index = 0; index < RAL.Count; index++)
        {
            uint high = _registers[RAH, index];
            if ((high & RAH_.Valid) != 0)
                _addresses[_addressCount++] = _registers[RAL, index] | (ulong)(high & RAH_.AddressMask) << 32;
        }
    }
}
