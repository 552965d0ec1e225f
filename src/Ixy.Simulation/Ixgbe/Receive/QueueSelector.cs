using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Simulation.Ixgbe.Transmit;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;
using MRQC_ = Ixy.Ixgbe.IxgbeFeatureRegisters.MRQC_;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>
/// Which queue a frame goes to (datasheet 7.1.2): EtherType filters, then SYN and 5-tuple filters, then Flow Director,
/// then RSS, else queue 0. With traffic classes, RSS stays within the queues of the frame's class (7.1.2.2); filters
/// may name any queue. Also what it reports about the frame: packet type, hash, checksum status.
/// </summary>
internal sealed unsafe class QueueSelector
{
    private const uint FragmentChecksum = 1u << 12; // RXCSUM

    private const uint ModeMask = 15, RssTableMask = 0x7F, LargeRssTableMask = 0x1FF;
    private const int MostClasses = 8;
    private const uint Rss = 1, EightClasses = 2, FourClasses = 3, EightClassesRss = 4, FourClassesRss = 5;

    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private readonly EtherTypeFilters _etherTypes;
    private readonly TupleFilters _tuples;
    private readonly uint* _vlanControl;
    private readonly RssHash _hash = new();
    private readonly byte[] _table = new byte[LargeRssTableMask + 1];
    private bool _stale = true, _filtered, _rss, _hashInDescriptor, _fragmentChecksum;
    private uint _hashTypes, _tableMask;

    // The class is in the upper bits of a queue's number, above those of RSS (7.1.2.2): 16 queues each, or 32.
    private int _classShift;

    // RQTC: how many of a class's queues RSS uses.
    private readonly byte[] _classMasks = new byte[MostClasses];

    internal QueueSelector(IxgbeCard card)
    {
        _card = card;
        _registers = card.Registers;
        _vlanControl = _registers.Memory + VLNCTRL.Offset / sizeof(uint);
        _etherTypes = new(card.Registers);
        _tuples = new(card.Registers);
        FlowDirector = new(_registers);
        foreach (var register in (Register[])[RETA, ERETA, RSSRK, RXCSUM, RQTC])
            _registers.AfterWrite(register, _ => _stale = true);
        _registers.OnWrite(MRQC, (_, value) => WriteMode(value));
    }

    internal FlowDirector FlowDirector { get; }

    /// <summary>
    /// Number of traffic classes for frames, and of packet buffers in use: 1, 4 or 8 (MRQC, 8.2.3.7.12).
    /// </summary>
    internal int Classes { get; private set; } = 1;

    /// <summary>Registers may have changed without the write handlers.</summary>
    internal void Invalidate()
    {
        _stale = true;
        _etherTypes.Invalidate();
        _tuples.Invalidate();
        FlowDirector.Reset();
    }

    /// <summary>Applies software's changes; called once before the frames of a turn.</summary>
    internal void Prepare()
    {
        if (_stale) Latch();
        _filtered = _classShift != 0 | _etherTypes.Any | _tuples.Any | FlowDirector.Any | _card.TimeSync.Received.Any;
    }

    /// <summary>Parses the frame's headers.</summary>
    internal void Parse(ReadOnlySpan<byte> frame, ref PacketHeaders headers) =>
        headers.Parse(frame, (ushort)*_vlanControl);

    /// <summary>
    /// Everything <see cref="Select"/> would find out about a frame of the most common kind; false for others.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TrySelectPlain(ReadOnlySpan<byte> frame, ref ReceivedFrame information)
    {
        if (_filtered || frame.Length < 60 || !PlainIPv4.TryRead(frame, ref information)) return false;
        if (_rss) HashPlain(frame, ref information);
        if ((information.Status & (ReceiveDescriptor.IPError | ReceiveDescriptor.L4Error)) != 0) _card.Statistics.XEC++;
        return true;
    }

    /// <summary>Fills in queue, packet type, hash and checksum status.</summary>
    internal void Select(ReadOnlySpan<byte> frame, in PacketHeaders headers, ref ReceivedFrame information)
    {
        if (_classShift != 0) information.Queue = FirstQueueOfClass(headers);
        if (_etherTypes.Any && _etherTypes.Match(headers, ref information)) return;
        information.PacketInfo = headers.Type << ReceiveDescriptor.PacketTypeShift;
        if (headers.L3Start == 0) return;
        information.Status |= ReceiveChecksums.Check(frame, headers);
        if ((information.Status & (ReceiveDescriptor.IPError | ReceiveDescriptor.L4Error)) != 0) _card.Statistics.XEC++;
        SetHash(frame, headers, ref information, out uint hash);
        if (_tuples.Any && _tuples.Match(frame, headers, ref information)) return;
        if (FlowDirector.Any && FlowDirector.Match(frame, headers, ref information)) return;
        if (_rss && (information.PacketInfo & 15) != 0)
            information.Queue += (byte)(
                _table[hash & _tableMask] & _classMasks[_classShift == 0 ? 0 : information.Queue >> _classShift]);
    }

    // By the priority in its tag; a frame without one has priority 0 (8.2.3.10.4).
    private byte FirstQueueOfClass(in PacketHeaders headers)
    {
        int priority = headers.HasVlanTag ? headers.VlanTag >> 13 : 0;
        uint trafficClass = _registers[RTRUP2TC] >> (priority * 3) & (uint)(Classes - 1);
        return (byte)(trafficClass << _classShift);
    }

    // RSS hash, or for UDP fragments the checksum that lets software complete theirs (RXCSUM.PCSD, 8.2.3.7.5).
    private void SetHash(
        ReadOnlySpan<byte> frame, in PacketHeaders headers, ref ReceivedFrame information, out uint hash)
    {
        hash = 0;
        uint type = _rss ? HashType(headers) : 0;
        if (type != 0)
        {
            var addresses = headers.Addresses(frame);
            hash = _hash.Add(addresses);
            if (type is not (ReceiveDescriptor.RssIPv4 or ReceiveDescriptor.RssIPv6))
                hash ^= _hash.Add(frame.Slice(headers.L4Start, 4), addresses.Length);
            information.PacketInfo |= type;
        }
        if (_hashInDescriptor) information.Hash = hash;
        else if (_fragmentChecksum && headers.IsFragment)
            information.Hash = ReceiveChecksums.OfFragment(frame, headers, ref information.Status);
    }

    private void HashPlain(ReadOnlySpan<byte> frame, ref ReceivedFrame information)
    {
        bool isUdp = (information.Status & ReceiveDescriptor.UdpChecksum) != 0;
        uint type = HashTypeOfIPv4(isUdp ? PacketHeaders.Udp : PacketHeaders.Tcp);
        if (type == 0) return;
        int length = type == ReceiveDescriptor.RssIPv4 ? 8 : PlainIPv4.HashInputLength;
        uint hash = _hash.Add(frame.Slice(PlainIPv4.HashInput, length));
        information.PacketInfo |= type;
        information.Queue = _table[hash & _tableMask];
        if (_hashInDescriptor) information.Hash = hash;
    }

    // The most specific of the enabled hash types (7.1.2.8.1). SCTP has none of its own.
    private uint HashType(in PacketHeaders headers)
    {
        if (headers.IsIPv4) return HashTypeOfIPv4(headers.Transport);
        if (headers.Transport == PacketHeaders.Tcp && (_hashTypes & MRQC_.TcpIPv6) != 0)
            return ReceiveDescriptor.RssTcpIPv6;
        if (headers.Transport == PacketHeaders.Udp && (_hashTypes & MRQC_.UdpIPv6) != 0)
            return ReceiveDescriptor.RssUdpIPv6;
        return (_hashTypes & MRQC_.IPv6) != 0 ? ReceiveDescriptor.RssIPv6 : 0;
    }

    private uint HashTypeOfIPv4(byte transport)
    {
        if (transport == PacketHeaders.Tcp && (_hashTypes & MRQC_.TcpIPv4) != 0) return ReceiveDescriptor.RssTcpIPv4;
        if (transport == PacketHeaders.Udp && (_hashTypes & MRQC_.UdpIPv4) != 0) return ReceiveDescriptor.RssUdpIPv4;
        return (_hashTypes & MRQC_.IPv4) != 0 ? ReceiveDescriptor.RssIPv4 : 0;
    }

    private void WriteMode(uint value)
    {
        _registers[MRQC] = value;
        _stale = true;
        uint mode = value & ModeMask;
        if (mode > FourClassesRss)
        {
            _card.Violations.Add("not-modelled", "MRQC", value, "8.2.3.7.12",
                $"multiple receive queues mode {mode:b4} (pools) is not modelled: frames go to queue 0");
        }
    }

    private void Latch()
    {
        _stale = false;
        uint mode = _registers[MRQC];
        _rss = (mode & ModeMask) is Rss or EightClassesRss or FourClassesRss;
        (Classes, _classShift) = (mode & ModeMask) switch
        {
            EightClasses or EightClassesRss => (8, 4),
            FourClasses or FourClassesRss => (4, 5),
            _ => (1, 0),
        };
        _hashTypes = mode;
        uint checksum = _registers[RXCSUM];
        _hashInDescriptor = (checksum & RXCSUM_.RssHashInDescriptor) != 0;
        _fragmentChecksum = (checksum & FragmentChecksum) != 0;
        Span<byte> key = stackalloc byte[RssHash.KeyLength];
        for (int word = 0; word < RSSRK.Count; word++)
            BinaryPrimitives.WriteUInt32LittleEndian(key[(word * 4)..], _registers[RSSRK, word]);
        _hash.SetKey(key);
        for (int trafficClass = 0; trafficClass < MostClasses; trafficClass++)
        {
            int bits = (int)(_registers[RQTC] >> trafficClass * RQTC_.ClassShift & RQTC_.BitsMask);
            _classMasks[trafficClass] = (byte)(_classShift == 0 ? byte.MaxValue : (1 << bits) - 1);
        }
        LatchTable(_card.Options.IsX550);
    }

    // 128 entries of four bits; the X550 has 512 of six, of which four count within a class.
    private void LatchTable(bool isX550)
    {
        _tableMask = isX550 ? LargeRssTableMask : RssTableMask;
        byte entryMask = (byte)(isX550 && _classShift == 0 ? 0x3F : 0x0F);
        for (int entry = 0; entry <= _tableMask; entry++)
        {
            int word = entry / 4;
            uint value = word < RETA.Count ? _registers[RETA, word] : _registers[ERETA, word - RETA.Count];
            _table[entry] = (byte)(value >> entry % 4 * 8 & entryMask);
        }
    }
}
