using System.Buffers.Binary;

namespace Ixy.Tests.Simulation.Virtio;

/// <summary>A piece of a buffer: an address of the card, bytes, and whether the device may write to it.</summary>
internal readonly record struct Piece(ulong Address, int Length, bool IsWritable);

/// <summary>The driver's side of a ring, in the test's hands.</summary>
internal abstract class DriverQueue(VirtioBench bench, int index, int size)
{
    private readonly Dictionary<int, Piece[]> _outstanding = [];

    internal int Index { get; } = index;

    internal int Size { get; } = size;

    internal ulong Descriptors { get; private protected init; }

    internal ulong Driver { get; private protected init; }

    internal ulong Device { get; private protected init; }

    protected VirtioBench Bench { get; } = bench;

    /// <summary>Descriptors that are free.</summary>
    internal abstract int Free { get; }

    /// <summary>The device has not asked to be left alone about what was added since it was notified, or the driver looked.</summary>
    internal abstract bool IsNotificationWanted { get; }

    /// <summary>Tells the device when to interrupt: always, never, or (with EVENT_IDX) after so many more used buffers.</summary>
    internal abstract void AskForInterrupts(bool enabled, int after = 0);

    /// <summary>Makes a buffer available; what it is known by.</summary>
    internal int Add(params Piece[] pieces) => Remember(AddChain(pieces), pieces);

    /// <summary>The same through an indirect table.</summary>
    internal int AddIndirect(params Piece[] pieces) => Remember(AddTable(pieces), pieces);

    /// <summary>Buffers of so many bytes for the device to write.</summary>
    internal void AddWritable(int count, int length = 2048)
    {
        for (int i = 0; i < count; i++) Add(new Piece(Bench.Allocate(length), length, true));
    }

    internal void Notify()
    {
        Bench.Ring(Index);
        ForgetAdded();
    }

    internal void NotifyIfWanted()
    {
        if (IsNotificationWanted) Notify();
        ForgetAdded();
    }

    /// <summary>The next used buffer: its pieces, and how many bytes the device wrote; null if there is none.</summary>
    internal (Piece[] Pieces, int Written)? TakeUsed()
    {
        if (TakeUsedElement() is not { } used) return null;
        Assert.True(_outstanding.Remove(used.Id, out var pieces), $"the device used buffer {used.Id}, which it does not have");
        return (pieces, used.Length);
    }

    /// <summary>What the device wrote to the next used buffer; null if there is none.</summary>
    internal byte[]? TakeBytes()
    {
        if (TakeUsed() is not { } used) return null;
        var bytes = new List<byte>();
        foreach (var piece in used.Pieces.Where(piece => piece.IsWritable)) bytes.AddRange(Bench.At(piece.Address, piece.Length));
        return [.. bytes.Take(used.Written)];
    }

    /// <summary>The next received frame, from as many buffers as its header says; null if there is none.</summary>
    internal byte[]? TakeFrame()
    {
        if (TakeBytes() is not { } bytes) return null;
        Assert.All(bytes[..10], value => Assert.Equal(0, value));
        int buffers = Bench.HeaderLength == 12 ? BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(10)) : 1;
        var frame = new List<byte>(bytes[Bench.HeaderLength..]);
        for (int i = 1; i < buffers; i++)
        {
            byte[]? more = TakeBytes();
            Assert.NotNull(more); // The buffers of a packet are used all at once.
            frame.AddRange(more);
        }
        return [.. frame];
    }

    /// <summary>What was added so far was notified, or did not need to be.</summary>
    protected abstract void ForgetAdded();

    protected abstract int AddChain(Piece[] pieces);

    protected abstract int AddTable(Piece[] pieces);

    protected abstract (int Id, int Length)? TakeUsedElement();

    private int Remember(int id, Piece[] pieces)
    {
        _outstanding[id] = pieces;
        return id;
    }

    internal ushort Get16(ulong address) => BinaryPrimitives.ReadUInt16LittleEndian(Bench.At(address, 2));

    internal uint Get32(ulong address) => BinaryPrimitives.ReadUInt32LittleEndian(Bench.At(address, 4));

    internal void Put16(ulong address, int value) => BinaryPrimitives.WriteUInt16LittleEndian(Bench.At(address, 2), (ushort)value);

    /// <summary>A descriptor's address and length, which are the same in both kinds of ring.</summary>
    internal void PutDescriptor(ulong at, ulong address, int length, int third, int fourth)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Bench.At(at, 8), address);
        BinaryPrimitives.WriteInt32LittleEndian(Bench.At(at + 8, 4), length);
        Put16(at + 12, third);
        Put16(at + 14, fourth);
    }

    /// <summary>An index passed the one the other side waits for (2.7.10.1).</summary>
    protected static bool IsPassed(int wanted, int now, int before) => (ushort)(now - wanted - 1) < (ushort)(now - before);
}

/// <summary>A split ring (2.7).</summary>
internal sealed class SplitQueue : DriverQueue
{
    internal const int Next = 1, Write = 2, Indirect = 4;
    private readonly Queue<int> _free;
    private readonly Dictionary<int, int[]> _chains = [];
    private ushort _added, _taken, _before;

    internal SplitQueue(VirtioBench bench, int index, int size) : base(bench, index, size)
    {
        // One run of memory, used part on a page of its own, as the legacy interface has it (2.7.2).
        int available = 16 * size, used = (available + 6 + 2 * size + 4095) / 4096 * 4096;
        Descriptors = bench.Allocate(used + 6 + 8 * size, 4096);
        (Driver, Device) = (Descriptors + (ulong)available, Descriptors + (ulong)used);
        _free = new(Enumerable.Range(0, size));
    }

    internal ulong Entry(int index) => Driver + 4 + 2 * (ulong)(index % Size);

    internal ulong Descriptor(int index) => Descriptors + 16 * (ulong)index;

    /// <summary>The available index, which a test may set wrongly.</summary>
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

    /// <summary>Makes whatever is at a descriptor available.</summary>
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
        _free = new(Enumerable.Range(1000, size)); // Ids are the driver's affair: they need not be places.
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

    /// <summary>The flags that make a descriptor at the next place available.</summary>
    internal int AvailableFlags(int ahead = 0) => (_next + ahead < Size) == _nextWrap ? Available : Used;

    protected override void ForgetAdded() => _addedSlots = 0;

    protected override int AddChain(Piece[] pieces)
    {
        int id = _free.Dequeue();
        int[] flags = [.. pieces.Select((piece, i) => AvailableFlags(i) | (piece.IsWritable ? Write : 0) | (i + 1 < pieces.Length ? Next : 0))];
        // The first one last.
        for (int i = pieces.Length - 1; i >= 0; i--)
            PutDescriptor(Descriptor(_next + i), pieces[i].Address, pieces[i].Length, id, flags[i]);
        return Advance(id, pieces.Length);
    }

    protected override int AddTable(Piece[] pieces)
    {
        ulong table = Bench.Allocate(16 * pieces.Length, 16);
        for (int i = 0; i < pieces.Length; i++)
            PutDescriptor(table + 16 * (ulong)i, pieces[i].Address, pieces[i].Length, 0, pieces[i].IsWritable ? Write : 0);
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
