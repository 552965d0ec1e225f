using System.Buffers.Binary;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>The 128 5-tuple filters for IPv4 and the SYN filter (datasheet 7.1.2.5, 7.1.2.6).</summary>
internal sealed class TupleFilters
{
    private const byte SynFlag = 2;

    private readonly RegisterFile _registers;
    private readonly int[] _enabled = new int[FTQF.Count];
    private int _enabledCount;
    private uint _syn;
    private bool _stale = true;

    internal TupleFilters(RegisterFile registers)
    {
        _registers = registers;
        foreach (var register in (Register[])[FTQF, SYNQF]) registers.AfterWrite(register, _ => _stale = true);
    }

    /// <summary>At least one filter is enabled.</summary>
    internal bool Any
    {
        get
        {
            if (_stale) Latch();
            return _enabledCount > 0 || (_syn & SYNQF_.QueueEnable) != 0;
        }
    }

    internal void Invalidate() => _stale = true;

    /// <summary>The queue of the matching filter; SYNQF.SYNQFP says which kind has priority.</summary>
    internal bool Match(ReadOnlySpan<byte> frame, in PacketHeaders headers, ref ReceivedFrame information) =>
        (_syn & SYNQF_.SynFirst) != 0
        ? MatchSyn(frame, headers, ref information) || MatchTuples(frame, headers, ref information)
        : MatchTuples(frame, headers, ref information) || MatchSyn(frame, headers, ref information);

    private bool MatchSyn(ReadOnlySpan<byte> frame, in PacketHeaders headers, ref ReceivedFrame information)
    {
        if ((_syn & SYNQF_.QueueEnable) == 0 || headers.Transport != PacketHeaders.Tcp) return false;
        if ((frame[headers.L4Start + 13] & SynFlag) == 0) return false;
        information.Queue = (byte)(_syn >> SYNQF_.QueueShift & 0x7F);
        return true;
    }

    // The highest priority wins; among equals, the lowest index.
    private bool MatchTuples(ReadOnlySpan<byte> frame, in PacketHeaders headers, ref ReceivedFrame information)
    {
        if (_enabledCount == 0 || !headers.IsIPv4) return false;
        int best = -1;
        uint bestPriority = 0;
        foreach (int index in _enabled.AsSpan(0, _enabledCount))
        {
            uint filter = _registers[FTQF, index], priority = filter >> FTQF_.PriorityShift & 7;
            if (best >= 0 && priority <= bestPriority || !Matches(index, filter, frame, headers)) continue;
            (best, bestPriority) = (index, priority);
        }
        if (best < 0) return false;
        uint action = _registers[L34TIMIR, best];
        information.Queue = (byte)(action >> L34TIMIR_.QueueShift & 0x7F);
        if ((action & L34TIMIR_.LowLatencyInterrupt) != 0) information.Status |= ReceiveDescriptor.LowLatencyInterrupt;
        return true;
    }

    // Addresses and ports are stored in wire order (8.2.3.7.19 to 8.2.3.7.21).
    private bool Matches(int index, uint filter, ReadOnlySpan<byte> frame, in PacketHeaders headers)
    {
        if ((filter & FTQF_.AnyProtocol) == 0 && (filter & FTQF_.ProtocolMask) != ProtocolCode(headers.Transport))
            return false;
        var addresses = headers.Addresses(frame);
        if ((filter & FTQF_.AnySource) == 0
            && BinaryPrimitives.ReadUInt32LittleEndian(addresses) != _registers[SAQF, index])
            return false;
        if ((filter & FTQF_.AnyDestination) == 0
            && BinaryPrimitives.ReadUInt32LittleEndian(addresses[4..]) != _registers[DAQF, index])
            return false;
        const uint AnyPorts = FTQF_.AnySourcePort | FTQF_.AnyDestinationPort;
        if ((filter & AnyPorts) == AnyPorts) return true;
        if (headers.Transport == 0) return false;
        uint ports = BinaryPrimitives.ReadUInt32LittleEndian(frame[headers.L4Start..]),
            wanted = _registers[SDPQF, index];
        return ((filter & FTQF_.AnySourcePort) != 0 || (ushort)ports == (ushort)wanted) &&
            ((filter & FTQF_.AnyDestinationPort) != 0 || ports >> 16 == wanted >> 16);
    }

    private static uint ProtocolCode(byte transport) => transport switch
    {
        PacketHeaders.Tcp => 0,
        PacketHeaders.Udp => 1,
        PacketHeaders.Sctp => 2,
        _ => 3,
    };

    private void Latch()
    {
        _stale = false;
        _syn = _registers[SYNQF];
        _enabledCount = 0;
        for (int index = 0; index < FTQF.Count; index++)
        {
            if ((_registers[FTQF, index] & FTQF_.QueueEnable) != 0) _enabled[_enabledCount++] = index;
        }
    }
}
