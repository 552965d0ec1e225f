using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>
/// Flow Director (datasheet 7.1.2.7): thousands of filters, found by hash. In signature mode a filter is a pair of
/// hashes of a flow; in perfect-match mode it is the flow itself, under masks shared by all filters.
/// </summary>
internal sealed class FlowDirector
{
    private readonly RegisterFile _registers;
    private readonly Dictionary<FlowKey, Filter> _filters = [];

    // Perfect filters are removed by bucket and software index alone.
    private readonly Dictionary<uint, FlowKey> _keys = [];
    private bool _perfect, _reports;
    private uint _control;

    internal FlowDirector(RegisterFile registers)
    {
        _registers = registers;
        _registers.OnWrite(FDIRCTRL, (_, value) => WriteControl(value));
        _registers.OnWrite(FDIRCMD, (_, value) => WriteCommand(value));
    }

    /// <summary>There are filters.</summary>
    internal bool Any => _filters.Count > 0;

    /// <summary>
    /// If a filter matches, its queue becomes the frame's, and the descriptor says which filter it was.
    /// </summary>
    internal bool Match(ReadOnlySpan<byte> frame, in PacketHeaders headers, ref ReceivedFrame information)
    {
        if (headers.IsFragment) return false;
        var flow = new Flow(
            frame, headers, flexibleOffset: (int)(_control >> FDIRCTRL_.FlexibleShift & FDIRCTRL_.FlexibleMask) * 2);
        if (!_filters.TryGetValue(KeyOf(flow), out var filter))
        {
            _registers[FDIRMISS]++;
            return false;
        }
        _registers[FDIRMATCH]++;
        if (_reports)
        {
            information.Status |= ReceiveDescriptor.FlowDirectorMatch;
            information.PacketInfo |= ReceiveDescriptor.RssFlowDirector;
            // Software index or signature below, hash above.
            information.Hash = filter.Hash >> 16 | (filter.Hash & FDIRHASH_.HashMask) << 16;
        }
        if ((filter.Command & FDIRCMD_.Drop) != 0)
            information.Queue = (byte)(_control >> FDIRCTRL_.DropQueueShift & 0x7F);
        else if ((filter.Command & FDIRCMD_.QueueEnable) != 0)
            information.Queue = (byte)(filter.Command >> FDIRCMD_.QueueShift & 0x7F);
        else return false;
        return true;
    }

    internal void Reset()
    {
        Clear();
        _control = 0;
    }

    // Giving it memory starts it; previous table contents are lost (8.2.3.21.1).
    private void WriteControl(uint value)
    {
        Clear();
        _control = value & ~FDIRCTRL_.InitDone;
        uint allocation = value & FDIRCTRL_.AllocationMask;
        if (allocation != 0) _control |= FDIRCTRL_.InitDone;
        _perfect = (value & FDIRCTRL_.PerfectMatch) != 0;
        _reports = (value & (FDIRCTRL_.ReportStatus | FDIRCTRL_.ReportStatusAlways)) != 0;
        _registers[FDIRCTRL] = _control;
        // 64 KiB hold 8K signature or 2K perfect filters, minus the two the card keeps for itself.
        _registers[FDIRFREE] = allocation == 0 ? 0 : ((_perfect ? 1024u : 4096u) << (int)allocation) - 2;
    }

    // Commands complete at once: the command field reads as zero again (8.2.3.21.22).
    private void WriteCommand(uint value)
    {
        uint result = value & ~FDIRCMD_.CommandMask;
        if ((value & FDIRCMD_.ClearTable) != 0) Clear();
        switch (value & FDIRCMD_.CommandMask)
        {
            case FDIRCMD_.Add: Add(value); break;
            case FDIRCMD_.Remove: Remove(); break;
            case FDIRCMD_.Query:
                result = Find(out _) ? result | FDIRCMD_.FilterValid : result & ~FDIRCMD_.FilterValid;
                break;
            default: break;
        }
        _registers[FDIRCMD] = result;
    }

    private void Add(uint command)
    {
        var key = _perfect ? PerfectKey(Flow.OfRegisters(_registers, command)) : SignatureKey();
        bool exists = _filters.ContainsKey(key);
        if (exists && (command & FDIRCMD_.Update) == 0 || !exists && _registers[FDIRFREE] == 0)
        {
            _registers[FDIRFSTAT]++;
            return;
        }
        uint hash = _registers[FDIRHASH];
        _filters[key] = new(hash, command);
        if (_perfect) _keys[Identity(hash)] = key;
        if (exists) return;
        _registers[FDIRFREE]--;
        _registers[FDIRUSTAT]++;
    }

    private void Remove()
    {
        if (!Find(out var key))
        {
            _registers[FDIRFSTAT] += 1 << 8;
            return;
        }
        _filters.Remove(key);
        _keys.Remove(Identity(_registers[FDIRHASH]));
        _registers[FDIRFREE]++;
        _registers[FDIRUSTAT] += 1 << 16;
    }

    private bool Find(out FlowKey key)
    {
        if (_perfect) return _keys.TryGetValue(Identity(_registers[FDIRHASH]), out key) && _filters.ContainsKey(key);
        key = SignatureKey();
        return _filters.ContainsKey(key);
    }

    private void Clear()
    {
        _filters.Clear();
        _keys.Clear();
    }

    private FlowKey KeyOf(in Flow flow) => _perfect ? PerfectKey(flow) : SignatureKey(flow);

    private FlowKey SignatureKey() => new() { Ports = Identity(_registers[FDIRHASH]) };

    private FlowKey SignatureKey(in Flow flow)
    {
        uint bucket = flow.Hash(_registers[FDIRHKEY]) & FDIRHASH_.HashMask,
            signature = flow.Hash(_registers[FDIRSKEY]) & FDIRHASH_.HashMask;
        return new() { Ports = bucket | signature << 16 };
    }

    private FlowKey PerfectKey(in Flow flow) => flow.UnderMasks(_registers);

    private static uint Identity(uint hash) => hash & ~FDIRHASH_.BucketValid;

    private readonly record struct Filter(uint Hash, uint Command);
}

/// <summary>What two flows must share to be the same for Flow Director's perfect filters.</summary>
internal readonly record struct FlowKey
{
    internal uint Source { get; init; }
    internal uint Destination { get; init; }
    internal uint Ports { get; init; }
    internal uint VlanAndFlexible { get; init; }
    internal uint Type { get; init; }
}
