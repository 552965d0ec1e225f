using Ixy.Simulation.Cards;

namespace Ixy.Simulation.Virtio.Rings;

/// <summary>
/// A ring whose device uses all the freedom it has without IN_ORDER (virtio 1.2, 2.7.8, 2.8.5): it prefetches some
/// buffers and fills receive buffers in any order, gives sent ones back in any order, and publishes used buffers late
/// and in batches. The order of packets is kept, and a packet in several buffers is published whole (5.1.6.4.1).
/// </summary>
internal sealed unsafe class PerverseRing(VirtioCard card, string name, Ring ring) : Ring(card, name)
{
    private const int MostFetched = 8;

    // Fetched and not taken; taken since the last mark, or last; used and not published.
    private readonly List<BufferChain> _fetched = [], _taken = [];
    private readonly List<UsedBuffer> _withheld = [];
    private readonly Stack<BufferChain> _spare = [];
    private readonly BufferChain _used = new();
    private bool _isMarked;

    private Behaviour Lots => Card.Behaviour;

    internal override bool HasWithheld => _withheld.Count > 0;

    internal override uint Ahead => ring.Ahead;

    internal override (ulong Low, ulong High) DescriptorAt(uint place) => ring.DescriptorAt(place);

    internal override void Start(in RingLayout layout)
    {
        base.Start(layout);
        ring.Start(layout);
        Recycle(_fetched);
        Recycle(_taken);
        _withheld.Clear();
        _isMarked = false;
    }

    internal override bool BeginTurn() => ring.BeginTurn();

    internal override bool TryTake(BufferChain chain)
    {
        if (!_isMarked) Recycle(_taken);
        Fetch(Lots.Budget(MostFetched));
        if (_fetched.Count == 0) return false;
        // Only buffers that are entirely device-writable are interchangeable; commands and packets to send are taken in
        // order.
        int index = _fetched[0].Readable == 0 ? Lots.Choose(_fetched.Count, 0) : 0;
        var taken = _fetched[index];
        if (taken.Readable != _fetched[0].Readable) (index, taken) = (0, _fetched[0]);
        _fetched.RemoveAt(index);
        _taken.Add(taken);
        chain.CopyFrom(taken);
        return FindAgain(chain);
    }

    internal override void PutBack(BufferChain chain)
    {
        _fetched.Insert(0, _taken[^1]);
        _taken.RemoveAt(_taken.Count - 1);
    }

    internal override void Use(BufferChain chain, uint written, bool goesOn)
    {
        _withheld.Add(new(chain.Id, chain.Slots, written, goesOn, chain.Readable == chain.Count));
        _isMarked &= goesOn;
    }

    internal override RingMark Mark()
    {
        Recycle(_taken);
        _isMarked = true;
        return new(0, false, (uint)_withheld.Count);
    }

    internal override void GoBack(RingMark mark)
    {
        _fetched.InsertRange(0, _taken);
        _taken.Clear();
        _withheld.RemoveRange((int)mark.Used, _withheld.Count - (int)mark.Used);
        _isMarked = false;
    }

    internal override bool Publish()
    {
        int count = Lots.Lump(_withheld.Count);
        while (count > 0 && _withheld[count - 1].GoesOn) count++;
        if (count == 0) return false;
        for (int index = 0; index < count; index++)
        {
            DrawNext(index);
            var (id, slots, written, goesOn, _) = _withheld[index];
            (_used.Id, _used.Slots) = (id, slots);
            ring.Use(_used, written, goesOn);
        }
        _withheld.RemoveRange(0, count);
        return ring.Publish() || Lots.Overlooks();
    }

    internal override bool HasUsed => _withheld.Count > 0;

    internal override void LieAboutId() => _withheld[0] = _withheld[0] with { Id = NoId };

    internal override void LieAboutLength() => _withheld[0] = _withheld[0] with { Written = NoLength };

    internal override void SuppressNotifications()
    {
        // Only advice (2.7.10): a driver that notifies anyway does no harm.
        if (!Lots.Overlooks()) ring.SuppressNotifications();
    }

    internal override bool EnableNotifications() => ring.EnableNotifications() || _fetched.Count > 0;

    private void Fetch(int most)
    {
        while (_fetched.Count < most)
        {
            var chain = _spare.TryPop(out var spare) ? spare : new BufferChain();
            chain.Reserve((int)Layout.Size);
            if (!ring.TryTake(chain))
            {
                _spare.Push(chain);
                return;
            }
            _fetched.Add(chain);
        }
    }

    // Pointers are invalid after the turn in which they were obtained.
    private bool FindAgain(BufferChain chain)
    {
        for (int index = 0; index < chain.Count; index++)
        {
            ref var segment = ref chain[index];
            segment.Memory = Dma.Translate(segment.Address, segment.Length, Name);
            if (segment.Memory is null) return Fault();
        }
        return true;
    }

    // Another buffer that may come back in any order takes its place.
    private void DrawNext(int index)
    {
        if (!_withheld[index].IsSent) return;
        int other = index + Lots.Choose(_withheld.Count - index, 0);
        if (_withheld[other].IsSent) (_withheld[index], _withheld[other]) = (_withheld[other], _withheld[index]);
    }

    private void Recycle(List<BufferChain> chains)
    {
        foreach (var chain in chains) _spare.Push(chain);
        chains.Clear();
    }

    private readonly record struct UsedBuffer(ushort Id, uint Slots, uint Written, bool GoesOn, bool IsSent);
}
