namespace Ixy.Testing.Cards;

/// <summary>A packed ring (2.8).</summary>
internal sealed class PackedQueue : DriverQueue
{
    internal const int Next = 1, Write = 2, Indirect = 4, Available = 1 << 7, Used = 1 << 15;
    private readonly Queue<int> _free;
    private readonly Dictionary<int, int> _slots = [];
    private int _next, _used, _addedSlots;
    private bool _nextWrap = true, _usedWrap = true;

    internal PackedQueue(VirtioBench bench, int index, int size) : base(bench, index, size)
    {
        Descriptors = bench.Allocate(16 * size, 16);
        (Driver, Device) = (bench.Allocate(4, 4), bench.Allocate(4, 4));
        _free = new(Enumerable.Range(1000, size)); // Ids are up to the driver: they need not be ring positions.
    }

    internal ulong Descriptor(int index) => Descriptors + 16 * (ulong)(index % Size);

    internal override int Free => Size - _slots.Values.Sum();

    internal override bool IsNotificationWanted
    {
        get
        {
            int flags = Get16(Device + 2), place = Get16(Device);
            if (flags != 2) return flags == 0;
            int wanted = (place & 0x7FFF) - ((place >> 15 != 0) == _nextWrap ? 0 : Size);
            return IsPassed(wanted, _next, _next - _addedSlots);
        }
    }

    internal override void AskForInterrupts(bool enabled, int after = 0)
    {
        int place = _used + after;
        bool wrap = place < Size ? _usedWrap : !_usedWrap;
        Put16(Driver, place % Size | (wrap ? 0x8000 : 0));
        Put16(Driver + 2, !enabled ? 1 : Bench.Has(VirtioBench.EventIndex) ? 2 : 0);
    }

    /// <summary>The flags that make a descriptor at the next position available.</summary>
    internal int AvailableFlags(int ahead = 0) => (_next + ahead < Size) == _nextWrap ? Available : Used;

    protected override void ForgetAdded() => _addedSlots = 0;

    protected override int AddChain(Piece[] pieces)
    {
        int id = _free.Dequeue();
        int[] flags = [
            .. pieces.Select(
                (piece, i) => AvailableFlags(i) | (piece.IsWritable ? Write : 0) | (i + 1 < pieces.Length ? Next : 0))];
        // The first descriptor is written last.
        for (int i = pieces.Length - 1; i >= 0; i--)
            PutDescriptor(Descriptor(_next + i), pieces[i].Address, pieces[i].Length, id, flags[i]);
        return Advance(id, pieces.Length);
    }

    protected override int AddTable(Piece[] pieces)
    {
        ulong table = Bench.Allocate(16 * pieces.Length, 16);
        for (int i = 0; i < pieces.Length; i++)
            PutDescriptor(
                table + 16 * (ulong)i, pieces[i].Address, pieces[i].Length, 0, pieces[i].IsWritable ? Write : 0);
        int id = _free.Dequeue();
        PutDescriptor(Descriptor(_next), table, 16 * pieces.Length, id, AvailableFlags() | Indirect);
        return Advance(id, 1);
    }

    protected override (int Id, int Length)? TakeUsedElement()
    {
        ulong descriptor = Descriptor(_used);
        int flags = Get16(descriptor + 14);
        if ((flags & Available) != 0 != _usedWrap || (flags & Used) != 0 != _usedWrap) return null;
        int id = Get16(descriptor + 12), length = (int)Get32(descriptor + 8);
        _free.Enqueue(id);
        _slots.Remove(id, out int slots);
        _used += slots;
        if (_used >= Size) (_used, _usedWrap) = (_used - Size, !_usedWrap);
        return (id, (flags & Write) != 0 ? length : 0);
    }

    private int Advance(int id, int slots)
    {
        _slots[id] = slots;
        _addedSlots += slots;
        _next += slots;
        if (_next >= Size) (_next, _nextWrap) = (_next - Size, !_nextWrap);
        return id;
    }
}
