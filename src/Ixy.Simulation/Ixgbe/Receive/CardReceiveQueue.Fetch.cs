using Ixy.Simulation.Recording;

namespace Ixy.Simulation.Ixgbe.Receive;

internal sealed unsafe partial class CardReceiveQueue
{
    /// <summary>
    /// Descriptors between head and tail: those the card may use. Head equal to tail means none (7.1.9).
    /// </summary>
    private uint Free => _tail >= _head ? _tail - _head : _tail + _settings.Count - _head;

    // Fetches up to 64 descriptors, not beyond the end of the ring; false if there are none.
    private bool Fetch(long turn)
    {
        if (!ReadTail() || _fetch == _tail) return false;
        uint most = Math.Min((_tail > _fetch ? _tail : _settings.Count) - _fetch, PrefetchDepth);
        uint count = (uint)_card.Behaviour.Budget((int)most);
        if (!(_ringTurn == turn ? LookAgain(count) : FindRing(turn)))
        {
            // The read was aborted: the queue stops until the tail moves again.
            _fetchFailed = true;
            return false;
        }
        ulong* source = (ulong*)(_ring + _fetch * ReceiveDescriptor.Length);
        for (int i = 0; i < count; i++, source += 2)
        {
            ref var descriptor = ref _prefetched[i];
            (descriptor.Buffer, descriptor.Header) = (source[0], source[1]);
            if (descriptor.Buffer == 0 || (descriptor.Header & 1) != 0) CheckDescriptor(descriptor, _fetch + (uint)i);
        }
        _card.Recorder?.ReceiveDescriptorsRead(
            Index, _fetch, new(_ring + _fetch * ReceiveDescriptor.Length, (int)count * 2), _settings.BufferSize,
            IsLegacy);
        (_prefetchNext, _prefetchEnd) = (0, (int)count);
        _fetch += count;
        if (_fetch == _settings.Count) _fetch = 0;
        return true;
    }

    private bool IsLegacy => _settings.Type == DescriptorType.Legacy;

    // What has been written back.
    private void Show(CardRecorder recorder, uint index, uint count)
    {
        for (int i = 0; i < count; i++)
        {
            recorder.ReceiveDescriptorWritten(Index, index, _reports[i].First, _reports[i].Second, IsLegacy);
            if (++index == _settings.Count) index = 0;
        }
    }

    // The ring was mapped before this tail was read.
    private bool LookAgain(uint count) =>
        _card.Dma.LookAgain(_ring + _fetch * ReceiveDescriptor.Length, count * ReceiveDescriptor.Length);

    private bool ReadTail()
    {
        uint tail = Volatile.Read(ref *_tailRegister) & 0xFFFF;
        if (tail == _tail) return !_fetchFailed;
        return TakeTail(tail);
    }

    private bool TakeTail(uint tail)
    {
        uint old = _tail, before = old < _settings.Count ? Free : 0;
        _tail = tail;
        _fetchFailed = tail >= _settings.Count;
        if (_fetchFailed)
        {
            _card.Violations.Add("tail-beyond-ring", $"RDT[{Index}]", tail, "8.2.3.8.5",
                $"the tail points behind the last descriptor of a ring of {_settings.Count}");
        }
        else if (Free < before)
        {
            _card.Violations.Add("tail-moved-back", $"RDT[{Index}]", tail, "7.1.9",
                $"the tail went from {old} to {tail} and left fewer descriptors to the card, whose head is at {_head}: "
                + "it may only add some");
        }
        return !_fetchFailed;
    }

    private void CheckDescriptor(in Descriptor descriptor, uint position)
    {
        string name = $"receive descriptor {position} of queue {Index}";
        if (descriptor.Buffer == 0)
        {
            _card.Violations.Add("null-descriptor", name, 0, "7.1.6.1",
                "the packet buffer address is zero: the card knows no null descriptors and writes a frame there");
        }
        // Software that only checks the length may leave DD set, if it clears the length.
        else if (_settings.Type == DescriptorType.AdvancedOneBuffer && descriptor.Header >> 32 is var upper
            && (ushort)upper != 0)
        {
            _card.Violations.Add("descriptor-already-done", name, descriptor.Header, "7.1.6.1",
                "the descriptor still has DD and a length from its last use: a driver that polls it takes an old frame "
                + "for a new one");
        }
    }
}
