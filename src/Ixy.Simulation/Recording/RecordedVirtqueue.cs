using Ixy.Simulation.Virtio;
using Ixy.Simulation.Virtio.Rings;

namespace Ixy.Simulation.Recording;

/// <summary>
/// A recorded virtio ring: what the driver makes available, what the device takes, and what it gives back.
/// </summary>
internal sealed unsafe class RecordedVirtqueue(
    VirtioCard card, int number, string name, Ring ring, RingKind kind, CardRecorder recorder) : Ring(card, name)
{
    // Where buffers were taken from that have not been given back.
    private readonly Dictionary<ushort, uint> _places = [];
    private readonly List<Used> _used = [];

    // Places known to be available and not taken; the total taken; and where the next used buffer is written.
    private uint _known, _taken, _usedPlace;

    internal override bool HasWithheld => ring.HasWithheld;

    internal override bool HasUsed => ring.HasUsed;

    // The film shows what the device did, not what it says.
    internal override void LieAboutId() => ring.LieAboutId();

    internal override void LieAboutLength() => ring.LieAboutLength();

    internal override uint Ahead => ring.Ahead;

    internal override (ulong Low, ulong High) DescriptorAt(uint place) => ring.DescriptorAt(place);

    internal override void Start(in RingLayout layout)
    {
        base.Start(layout);
        ring.Start(layout);
        _places.Clear();
        _used.Clear();
        _known = _taken = _usedPlace = 0;
        recorder.RingStarted(kind, number, layout.Descriptors, layout.Size, 0);
    }

    internal override bool BeginTurn()
    {
        if (!ring.BeginTurn()) return false;
        SeeAvailable();
        return true;
    }

    internal override bool TryTake(BufferChain chain)
    {
        uint place = Place;
        if (!ring.TryTake(chain)) return false;
        uint slots = kind == RingKind.Packed ? chain.Slots : 1;
        // In real time the driver may have added this one since the turn began.
        if (_known < slots) MadeAvailable(slots - _known);
        (_known, _taken) = (_known - slots, _taken + slots);
        var (low, high) = ring.DescriptorAt(place);
        recorder.BufferTaken(
            kind, number, place, slots, low, high, Buffers(chain, 0, chain.Count, uint.MaxValue));
        _places[chain.Id] = place;
        return true;
    }

    internal override void Use(BufferChain chain, uint written, bool goesOn)
    {
        ring.Use(chain, written, goesOn);
        uint slots = kind == RingKind.Packed ? chain.Slots : 1;
        _used.Add(new(chain.Id, written, slots, Buffers(chain, chain.Readable, chain.Count, written)));
    }

    internal override void PutBack(BufferChain chain)
    {
        ring.PutBack(chain);
        uint slots = kind == RingKind.Packed ? chain.Slots : 1;
        (_known, _taken) = (_known + slots, _taken - slots);
    }

    internal override RingMark Mark() => ring.Mark() with { Noted = _used.Count, Taken = _taken };

    internal override void GoBack(RingMark mark)
    {
        ring.GoBack(mark);
        _used.RemoveRange(mark.Noted, _used.Count - mark.Noted);
        (_known, _taken) = (_known + _taken - mark.Taken, mark.Taken);
    }

    internal override bool Publish()
    {
        bool interrupts = ring.Publish();
        foreach (var used in _used)
        {
            // A split ring has a separate used ring; in a packed one, the used descriptor replaces one that was taken.
            var (low, high) = kind == RingKind.Split
                ? (used.Id | (ulong)used.Length << 32, 0ul) : ring.DescriptorAt(_usedPlace);
            _places.Remove(used.Id, out uint taken);
            recorder.BufferUsed(kind, number, _usedPlace, taken, low, high, used.Buffers);
            _usedPlace = (_usedPlace + used.Slots) % Layout.Size;
        }
        _used.Clear();
        return interrupts;
    }

    internal override void SuppressNotifications() => ring.SuppressNotifications();

    internal override bool EnableNotifications() => ring.EnableNotifications();

    private uint Place => ring.Mark().Next % Layout.Size;

    // The driver moves no register: what it has made available is in the ring.
    private void SeeAvailable()
    {
        if (ring.Ahead is var ahead && ahead > _known) MadeAvailable(ahead - _known);
    }

    private void MadeAvailable(uint count)
    {
        recorder.MadeAvailable(kind, number, count);
        _known += count;
    }

    private static List<RecordedBuffer> Buffers(BufferChain chain, int from, int to, uint most)
    {
        var buffers = new List<RecordedBuffer>();
        for (int index = from; index < to && most > 0; index++)
        {
            uint length = Math.Min(chain[index].Length, most);
            if (most != uint.MaxValue) most -= length;
            buffers.Add(new(chain[index].Address, length, index >= chain.Readable));
        }
        return buffers;
    }

    private sealed record Used(ushort Id, uint Length, uint Slots, IReadOnlyList<RecordedBuffer> Buffers);
}
