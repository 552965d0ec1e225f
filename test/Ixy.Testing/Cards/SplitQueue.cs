namespace Ixy.Testing.Cards;

/// <summary>A split ring (2.7).</summary>
internal sealed class SplitQueue : DriverQueue
{
    internal const int Next = 1, Write = 2, Indirect = 4;
    private readonly Queue<int> _free;
    private readonly Dictionary<int, int[]> _chains = [];
    private ushort _added, _taken, _before;

    internal SplitQueue(VirtioBench bench, int index, int size) : base(bench, index, size)
    {
        // One contiguous area, with the used ring on its own page, as the legacy interface requires (2.7.2).
        int available = 16 * size, used = (available + 6 + 2 * size + 4095) / 4096 * 4096;
        Descriptors = bench.Allocate(used + 6 + 8 * size, 4096);
        (Driver, Device) = (Descriptors + (ulong)available, Descriptors + (ulong)used);
        _free = new(Enumerable.Range(0, size));
    }

    internal ulong Entry(int index) => Driver + 4 + 2 * (ulong)(index % Size);

    internal ulong Descriptor(int index) => Descriptors + 16 * (ulong)index;

    /// <summary>The available index, which a test may set to a wrong value.</summary>
    internal ushort AvailableIndex
    {
        get => _added;
        set => Put16(Driver + 2, _added = value);
    }

    internal override int Free => _free.Count;

    internal override bool IsNotificationWanted => Bench.Has(VirtioBench.EventIndex)
        ? IsPassed(Get16(Device + 4 + 8 * (ulong)Size), _added, _before)
        : (Get16(Device) & 1) == 0;

    internal override void AskForInterrupts(bool enabled, int after = 0)
    {
        if (!Bench.Has(VirtioBench.EventIndex)) Put16(Driver, enabled ? 0 : 1);
        else Put16(Driver + 4 + 2 * (ulong)Size, enabled ? _taken + after : _taken - 1);
    }

    protected override void ForgetAdded() => _before = _added;

    protected override int AddChain(Piece[] pieces)
    {
        int[] chain = [.. pieces.Select(_ => _free.Dequeue())];
        for (int i = 0; i < pieces.Length; i++)
        {
            bool isLast = i + 1 == pieces.Length;
            int flags = (pieces[i].IsWritable ? Write : 0) | (isLast ? 0 : Next);
            PutDescriptor(Descriptor(chain[i]), pieces[i].Address, pieces[i].Length, flags, isLast ? 0 : chain[i + 1]);
        }
        _chains[chain[0]] = chain;
        MakeAvailable(chain[0]);
        return chain[0];
    }

    protected override int AddTable(Piece[] pieces)
    {
        ulong table = Bench.Allocate(16 * pieces.Length, 16);
        for (int i = 0; i < pieces.Length; i++)
        {
            bool isLast = i + 1 == pieces.Length;
            int flags = (pieces[i].IsWritable ? Write : 0) | (isLast ? 0 : Next);
            PutDescriptor(table + 16 * (ulong)i, pieces[i].Address, pieces[i].Length, flags, isLast ? 0 : i + 1);
        }
        int head = _free.Dequeue();
        PutDescriptor(Descriptor(head), table, 16 * pieces.Length, Indirect, 0);
        _chains[head] = [head];
        MakeAvailable(head);
        return head;
    }

    /// <summary>Makes the chain at a descriptor available.</summary>
    internal void MakeAvailable(int head)
    {
        Put16(Entry(_added), head);
        AvailableIndex++;
    }

    protected override (int Id, int Length)? TakeUsedElement()
    {
        if (Get16(Device + 2) == _taken) return null;
        ulong element = Device + 4 + 8 * (ulong)(_taken++ % Size);
        int id = (int)Get32(element);
        foreach (int descriptor in _chains[id]) _free.Enqueue(descriptor);
        return (id, (int)Get32(element + 4));
    }
}
