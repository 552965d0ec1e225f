using System.Buffers.Binary;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>
/// A flow as Flow Director sees it, from a frame or from the filter registers. Addresses and flexible bytes are in wire
/// order; ports and VLAN tag are numbers, as in the registers (datasheet 8.2.3.21.17 to 8.2.3.21.20).
/// </summary>
internal readonly struct Flow
{
    // FDIRCMD's flow type: L4TYPE in bits 1:0, IPV6 in bit 2.
    private const uint Udp = 1, Tcp = 2, Sctp = 3, IPv6 = 4, L4Mask = 3;

    private readonly uint _source, _destination, _type, _foldedAddresses;
    private readonly ushort _sourcePort, _destinationPort, _vlan, _flexible;

    internal Flow(ReadOnlySpan<byte> frame, in PacketHeaders headers, int flexibleOffset)
    {
        var addresses = headers.Addresses(frame);
        _source = BinaryPrimitives.ReadUInt32LittleEndian(addresses);
        _destination = BinaryPrimitives.ReadUInt32LittleEndian(addresses[(addresses.Length / 2)..]);
        for (int i = 0; i < addresses.Length; i += 4)
            _foldedAddresses ^= BinaryPrimitives.ReadUInt32LittleEndian(addresses[i..]);
        _type = headers.Transport switch
        {
            PacketHeaders.Tcp => Tcp,
            PacketHeaders.Udp => Udp,
            PacketHeaders.Sctp => Sctp,
            _ => 0,
        };
        if (headers.IsIPv6) _type |= IPv6;
        if (headers.Transport is PacketHeaders.Tcp or PacketHeaders.Udp)
        {
            _sourcePort = BinaryPrimitives.ReadUInt16BigEndian(frame[headers.L4Start..]);
            _destinationPort = BinaryPrimitives.ReadUInt16BigEndian(frame[(headers.L4Start + 2)..]);
        }
        _vlan = headers.VlanTag;
        if (flexibleOffset + 2 <= frame.Length)
            _flexible = BinaryPrimitives.ReadUInt16LittleEndian(frame[flexibleOffset..]);
    }

    private Flow(uint source, uint destination, uint ports, uint vlanAndFlexible, uint type)
    {
        (_source, _destination, _type, _foldedAddresses) = (source, destination, type, source ^ destination);
        (_sourcePort, _destinationPort) = ((ushort)ports, (ushort)(ports >> 16));
        (_vlan, _flexible) = ((ushort)vlanAndFlexible, (ushort)(vlanAndFlexible >> 16));
    }

    /// <summary>The flow that the filter registers describe.</summary>
    internal static Flow OfRegisters(RegisterFile registers, uint command) =>
        new(registers[FDIRIPSA], registers[FDIRIPDA],
        registers[FDIRPORT], registers[FDIRVLAN], command >> FDIRCMD_.FlowTypeShift & (L4Mask | IPv6));

    /// <summary>The fields that the masks leave for comparison (8.2.3.21.4 to 8.2.3.21.9).</summary>
    internal FlowKey UnderMasks(RegisterFile registers)
    {
        uint fields = registers[FDIRM];
        uint vlanMask = ((fields & FDIRM_.VlanId) == 0 ? 0x0FFFu : 0)
            | ((fields & FDIRM_.VlanPriority) == 0 ? 0xE000u : 0);
        uint flexible = (fields & FDIRM_.Flexible) == 0 ? _flexible : 0u;
        uint ports = _sourcePort | (uint)_destinationPort << 16;
        uint portMask = (_type & L4Mask) switch
        {
            Tcp => ReversePorts(registers[FDIRTCPM]),
            Udp => ReversePorts(registers[FDIRUDPM]),
            _ => uint.MaxValue,
        };
        return new()
        {
            Source = _source & ~registers[FDIRSIP4M],
            Destination = _destination & ~registers[FDIRDIP4M],
            Ports = (fields & FDIRM_.L4Protocol) != 0 ? 0 : ports & ~portMask,
            VlanAndFlexible = _vlan & vlanMask | flexible << 16,
            Type = (fields & FDIRM_.L4Protocol) != 0 ? _type & IPv6 : _type,
        };
    }

    /// <summary>
    /// The 15 or fewer hash bits are the XOR of the flow's bits, shifted by each set bit of the key (7.1.2.7.3). The
    /// flow's words after the first repeat with the key's 32 bits and can be folded into one.
    /// </summary>
    internal uint Hash(uint key)
    {
        uint first = _vlan | _type << 16;
        uint ports = (uint)_sourcePort << 16 | _destinationPort;
        uint high = BinaryPrimitives.ReverseEndianness(_foldedAddresses) ^ ports ^
            (uint)BinaryPrimitives.ReverseEndianness(_flexible) << 16;
        uint low = high >> 16 | high << 16, hash = 0;
        high ^= first ^ first >> 16;
        for (int bit = 0; bit < 16; bit++)
        {
            // The first word does not contribute to bit 0 of the lower half.
            if (bit == 1) low ^= first ^ first << 16;
            if ((key >> bit & 1) != 0) hash ^= low >> bit;
            if ((key >> bit + 16 & 1) != 0) hash ^= high >> bit;
        }
        return hash & 0xFFFF;
    }

    // Port masks have their bits in the opposite order (8.2.3.21.6).
    private static uint ReversePorts(uint mask)
    {
        uint reversed = 0;
        for (int bit = 0; bit < 16; bit++)
        {
            reversed |= (mask >> bit & 1) << (15 - bit);
            reversed |= (mask >> (16 + bit) & 1) << (31 - bit);
        }
        return reversed;
    }
}
