using System.Buffers.Binary;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

// 7.1.1 Packet filtering by address.
public sealed partial class IxgbeDevice
{
    // Null while there are none.
    private List<MacAddress>? _unicast, _multicast;
    private MacAddress? _macAddress;

    /// <inheritdoc/>
    public override MacAddress MacAddress
    {
        get => ReadReceiveAddress(0);
        set
        {
            RequireUnicast(value);
            WriteReceiveAddress(0, value);
            _macAddress = value;
        }
    }

    /// <inheritdoc/>
    public override void AddUnicastFilter(MacAddress address)
    {
        RequireUnicast(address);
        _unicast ??= [];
        if (_unicast.Contains(address)) return;
        if (_unicast.Count == RAL.Count - 1)
            throw new InvalidOperationException($"all {RAL.Count} receive addresses of {Name} are in use");
        WriteReceiveAddress(_unicast.Count + 1, address);
        _unicast.Add(address);
    }

    /// <inheritdoc/>
    public override void AddMulticastFilter(MacAddress address)
    {
        RequireMulticast(address);
        WriteMulticast(address);
        _multicast ??= [];
        if (!_multicast.Contains(address)) _multicast.Add(address);
    }

    // Restores after a reset what was set since the card was opened.
    private void RestoreFilters()
    {
        if (_macAddress is { } own) WriteReceiveAddress(0, own);
        foreach (var (i, address) in (_unicast ?? []).Index()) WriteReceiveAddress(i + 1, address);
        foreach (var group in _multicast ?? []) WriteMulticast(group);
        SetReceiveModes(Promiscuous, AllMulticast);
    }

    private void WriteMulticast(MacAddress address)
    {
        // The table is indexed by bits 47 to 36 of the address as the card holds it (MCSTCTRL.MO = 0, 7.1.1.2): the
        // last byte on the wire and the high half of the byte before it.
        uint hash = (uint)(address.Value & 0xFF) << 4 | (uint)(address.Value >> 12) & 0xF;
        uint register = MTA[(int)(hash >> 5)];
        _bar.Write32(register, _bar.Read32(register) | 1u << (int)(hash & 31));
        Change(MCSTCTRL, MCSTCTRL_.FilterEnable, true);
    }

    private protected override void SetReceiveModes(bool promiscuous, bool allMulticast)
    {
        uint modes = ReceiveModes(promiscuous, allMulticast);
        if (Read(FCTRL) == modes) return;
        // 8.2.3.7.1: filters may change only while RXCTRL.RXEN is off. Meanwhile the path is halted, so the MAC keeps
        // what arrives.
        try
        {
            HaltReceive();
            Change(RXCTRL, RXCTRL_.Enable, set: false);
            Write(FCTRL, modes);
            Change(RXCTRL, RXCTRL_.Enable, set: true);
        }
        finally
        {
            // Even if it did not halt: nothing else would open it again.
            Change(SECRXCTRL, SECRXCTRL_.ReceiveDisable, set: false);
        }
    }

    // 8.2.3.7.10: without virtualization everything is in pool 0. The datasheet does not say whether the card looks at
    // this register then (docs/silicon.md).
    private void ChooseFirstPool(int index)
    {
        _bar.Write32(MPSAR[2 * index], 1);
        _bar.Write32(MPSAR[2 * index + 1], 0);
    }

    private MacAddress ReadReceiveAddress(int index)
    {
        // The registers hold the bytes in wire order, the first in the lowest bits (8.2.3.7.8).
        uint low = _bar.Read32(RAL[index]), high = _bar.Read32(RAH[index]);
        if (IsFromNobody(high)) throw Gone();
        ulong wire = low | (ulong)(high & RAH_.AddressMask) << 32;
        return new(BinaryPrimitives.ReverseEndianness(wire << 16));
    }

    private void WriteReceiveAddress(int index, MacAddress address)
    {
        ulong wire = BinaryPrimitives.ReverseEndianness(address.Value) >> 16;
        ChooseFirstPool(index);
        _bar.Write32(RAL[index], (uint)wire);
        _bar.Write32(RAH[index], (uint)(wire >> 32) | RAH_.Valid);
    }
}
