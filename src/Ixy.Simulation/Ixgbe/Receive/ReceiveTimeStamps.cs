using System.Buffers.Binary;
using Ixy.Simulation.Ixgbe.Clocks;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>
/// Which received packets get a time stamp, and where it goes: into RXSTMP, where it is locked until software has read
/// it, or after the packet in memory, which the X550 supports (82599 datasheet 7.9, 8.2.3.26; X550 datasheet 7.7.3.2,
/// 7.7.6, 7.1.6.2).
/// </summary>
internal sealed class ReceiveTimeStamps
{
    private const int StampLength = sizeof(ulong);
    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private readonly SystemTime _time;
    private readonly bool _isX550;
    private readonly byte[] _stamped = new byte[ushort.MaxValue + StampLength];

    internal ReceiveTimeStamps(IxgbeCard card, SystemTime time)
    {
        (_card, _registers, _time, _isX550) = (card, card.Registers, time, card.Options.IsX550);
        _registers.OnWrite(TSYNCRXCTL, (_, value) => WriteControl(value));
        _registers.OnRead(RXSTMPH, _ => ReadHigh());
    }

    /// <summary>A new stamp is in the registers.</summary>
    internal Action? Taken { get; init; }

    /// <summary>Packets must be examined.</summary>
    internal bool Any
    {
        get
        {
            uint control = _registers[TSYNCRXCTL];
            if ((control & (TSYNCRXCTL_.Enable | TSYNCRXCTL_.InPacket)) == 0) return false;
            // The stamp is taken before the MAC (X550 datasheet 7.7.3.2).
            return !_isX550 || (_registers[HLREG0] & MacLoopback) == 0;
        }
    }

    /// <summary>
    /// Takes the time of a good packet, if it should be stamped; returns the packet as it goes to memory.
    /// </summary>
    internal ReadOnlySpan<byte> Stamp(
        ReadOnlySpan<byte> frame, scoped in PacketHeaders headers, scoped ref ReceivedFrame information)
    {
        uint control = _registers[TSYNCRXCTL], type = control >> TSYNCRXCTL_.TypeShift & TSYNCRXCTL_.TypeMask;
        bool all = _isX550 && type == TSYNCRXCTL_.All;
        var message = Message(frame, headers, information, out bool isL2);
        if (!all && !Matches(type, message, isL2, headers)) return frame;
        ulong time = _time.Value;
        // One at a time: only stamps of all packets are not held (X550 datasheet 7.7.3.2.2).
        if ((control & TSYNCRXCTL_.Enable) != 0 && (all || (control & TSYNCRXCTL_.Valid) == 0))
        {
            Keep(time, message);
            information.Status |= ReceiveDescriptor.TimeStamp;
        }
        return IsInPacket(control, headers) ? Append(frame, time, ref information) : frame;
    }

    // What follows the EtherType of an ETQF with its 1588 bit set, or a UDP header for the port in RXMTRL; nothing
    // otherwise.
    private ReadOnlySpan<byte> Message(
        ReadOnlySpan<byte> frame, scoped in PacketHeaders headers, scoped in ReceivedFrame information, out bool isL2)
    {
        const int PtpHeader = 34;
        isL2 = IsMarked(information);
        int start = headers.MacEnd(frame), end = frame.Length;
        if (!isL2)
        {
            bool isTunnelled = headers.IPv4Start != 0 && headers.IsIPv6;
            if (headers.Transport != PacketHeaders.Udp || isTunnelled) return [];
            ushort port = BinaryPrimitives.ReadUInt16BigEndian(frame[(headers.L4Start + 2)..]);
            if (port != _registers[RXMTRL] >> RXMTRL_.PortShift) return [];
            (start, end) = (headers.L4End, headers.L4Start + headers.L4Length);
        }
        return end - start >= PtpHeader ? frame[start..end] : [];
    }

    private bool IsMarked(in ReceivedFrame information)
    {
        uint type = information.PacketInfo >> ReceiveDescriptor.PacketTypeShift;
        if ((type & PacketType.EtherTypeFilter) == 0) return false;
        return (_registers[ETQF, (int)type & (ETQF.Count - 1)] & ETQF_.TimeStamp) != 0;
    }

    // Version 1 is recognized by its control field, version 2 by its message type (TSYNCRXCTL.TYPE, 8.2.3.26.1).
    private bool Matches(uint type, ReadOnlySpan<byte> message, bool isL2, in PacketHeaders headers)
    {
        const int Version = 1, Control = 32;
        if (message.IsEmpty) return false;
        int version = message[Version] & 0xF, messageType = message[0] & 0xF;
        uint wanted = _registers[RXMTRL];
        // Path delay requests and responses are stamped whatever RXMTRL says.
        bool isNamed = messageType == (wanted >> RXMTRL_.MessageShift & 0xFF) || messageType is 2 or 3;
        return type switch
        {
            TSYNCRXCTL_.L2Version2 => isL2 && version == 2 && isNamed,
            TSYNCRXCTL_.L4Version1 => !isL2 && headers.IsIPv4 && version == 1 && message[Control] == (byte)wanted,
            TSYNCRXCTL_.Version2 => version == 2 && isNamed,
            TSYNCRXCTL_.Version2Events => version == 2 && (messageType & 8) == 0,
            _ => false,
        };
    }

    // Together with the packet's source and sequence number, in wire order (8.2.3.26.4, 8.2.3.26.5). The order follows
    // MoonGen, which reads them.
    private void Keep(ulong time, ReadOnlySpan<byte> message)
    {
        const int Source = 22, Sequence = 30;
        (_registers[RXSTMPL], _registers[RXSTMPH]) = ((uint)time, (uint)(time >> 32));
        if (!message.IsEmpty)
        {
            _registers[RXSATRL] = BinaryPrimitives.ReadUInt32LittleEndian(message[Source..]);
            _registers[RXSATRH] = BinaryPrimitives.ReadUInt16LittleEndian(message[(Source + 4)..])
                | (uint)BinaryPrimitives.ReadUInt16LittleEndian(message[Sequence..]) << 16;
        }
        _registers[TSYNCRXCTL] |= TSYNCRXCTL_.Valid;
        Taken?.Invoke();
    }

    private bool IsInPacket(uint control, in PacketHeaders headers)
    {
        if ((_registers[TSAUXC] & TSAUXC_.DisableSystemTime) != 0) return false;
        uint wanted = headers.HasVlanTag
            ? 1u << TSYNCRXCTL_.PriorityShift + (headers.VlanTag >> 13)
            : TSYNCRXCTL_.Untagged;
        return (control & wanted) != 0;
    }

    // X550 datasheet 7.1.6.2 has the seconds first and the most significant byte in front. Linux's driver, whose users
    // have the card, treats it as one 64-bit number with the nanoseconds in its low half, as here.
    private ReadOnlySpan<byte> Append(ReadOnlySpan<byte> frame, ulong time, scoped ref ReceivedFrame information)
    {
        frame.CopyTo(_stamped);
        BinaryPrimitives.WriteUInt64LittleEndian(_stamped.AsSpan(frame.Length), time);
        information.Status |= ReceiveDescriptor.TimeStampInPacket;
        return _stamped.AsSpan(0, frame.Length + StampLength);
    }

    private void WriteControl(uint value)
    {
        uint fields = TSYNCRXCTL_.Enable | TSYNCRXCTL_.TypeMask << TSYNCRXCTL_.TypeShift;
        if (_isX550) fields |= TSYNCRXCTL_.InPacket;
        _registers[TSYNCRXCTL] = (_registers[TSYNCRXCTL] & TSYNCRXCTL_.Valid) | (value & fields);
        if ((value & fields & TSYNCRXCTL_.InPacket) == 0 || (_registers[HLREG0] & HLREG0_.RxCrcStrip) != 0) return;
        _card.Violations.Add("stamp-behind-fcs", "TSYNCRXCTL", value, "X550 datasheet 7.1.1.2",
            "time stamps are put behind packets while HLREG0.RXCRCSTRP is clear: packets that change come without FCS");
    }

    // The next packet may be stamped (8.2.3.26.3).
    private uint ReadHigh()
    {
        _registers[TSYNCRXCTL] &= ~TSYNCRXCTL_.Valid;
        return _registers[RXSTMPH];
    }
}
