using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

internal sealed unsafe partial class CardReceiveQueue
{
    // A frame over several descriptors, or with its header in a separate buffer. All descriptors must be available
    // before the first is used: the card drops or keeps whole frames (8.2.3.8.7, Drop_En).
    private bool TryWriteSpread(ReadOnlySpan<byte> frame, in ReceivedFrame information, long turn)
    {
        var split = Split(frame, information);
        var rest = frame[split.HeaderBytes..];
        uint needed = Math.Max(1, ((uint)rest.Length + _settings.BufferSize - 1) / _settings.BufferSize);
        if (!ReadTail() || Free < needed) return false;
        if (_prefetchNext == _prefetchEnd && !Fetch(turn)) return false;
        if (split.HeaderBytes > 0) Store(_prefetched[_prefetchNext].Header & ~1ul, frame[..split.HeaderBytes]);
        for (uint header = split.Info; ; header = 0)
        {
            // Between two fetches software may spoil the tail, or take the ring away: then the rest of the frame is
            // lost.
            if (_prefetchNext == _prefetchEnd && !Fetch(turn)) return true;
            ref var descriptor = ref _prefetched[_prefetchNext];
            var piece = rest[..(int)Math.Min((uint)rest.Length, _settings.BufferSize)];
            rest = rest[piece.Length..];
            if (piece.Length > 0) Store(descriptor.Buffer, piece);
            bool last = rest.IsEmpty;
            uint status = last ? ReceiveDescriptor.Done | ReceiveDescriptor.EndOfPacket | split.Error : NotLast();
            WriteBack(descriptor, (uint)piece.Length, information, status, header, turn);
            if (last) return true;
        }
    }

    // With coalescing enabled, a descriptor names the one in which its frame continues (NEXTP, 7.1.6.2).
    private uint NotLast()
    {
        uint next = _head + 1 == _settings.Count ? 0 : _head + 1;
        return _settings.Coalesces ? ReceiveDescriptor.Done | next << ReceiveDescriptor.NextDescriptorShift
            : ReceiveDescriptor.Done;
    }

    // How much goes into the header buffer, and what the descriptor says about it (7.1.10).
    private (int HeaderBytes, uint Info, uint Error) Split(ReadOnlySpan<byte> frame, in ReceivedFrame information)
    {
        if (_oneBuffer) return (0, 0, 0);
        int length = HeaderLength(information, frame.Length), room = (int)_settings.HeaderSize;
        bool always = _settings.Type == DescriptorType.HeaderSplitAlways;
        if (length == 0)
        {
            if (!always) return (0, 0, 0);
            int filled = Math.Min(frame.Length, room);
            return (filled, (uint)filled << ReceiveDescriptor.HeaderLengthShift, 0);
        }
        uint info = ReceiveDescriptor.SplitHeader | (uint)(length & 0x3FF) << ReceiveDescriptor.HeaderLengthShift;
        if (length <= room) return (length, info, 0);
        return (always ? room : 0, info, ReceiveDescriptor.HeaderBufferOverflow);
    }

    // The outermost end among the header kinds enabled in PSRTYPE (8.2.3.7.4). VLAN stripping has already moved it, and
    // bad frames have none.
    private int HeaderLength(in ReceivedFrame information, int frameLength)
    {
        uint type = _card.Registers[PSRTYPE];
        uint packet = information.PacketInfo >> ReceiveDescriptor.PacketTypeShift;
        uint transport = ((packet & PacketType.Tcp) != 0 ? CardRegisters.PSRTYPE_.Tcp : 0)
            | ((packet & PacketType.Udp) != 0 ? CardRegisters.PSRTYPE_.Udp : 0);
        uint network = (packet & PacketType.IPv6) != 0 ? CardRegisters.PSRTYPE_.IPv6 : CardRegisters.PSRTYPE_.IPv4;
        int end = 0;
        if (information.L4End != 0 && (type & transport) != 0) end = information.L4End;
        else if (information.L3End != 0 && (type & network) != 0) end = information.L3End;
        else if ((type & CardRegisters.PSRTYPE_.L2) != 0) end = information.L2End;
        return Math.Min(end, frameLength);
    }
}
