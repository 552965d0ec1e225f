using System.Buffers.Binary;

namespace Ixy.Testing.Cards;

/// <summary>A piece of a buffer: its device address, its length, and whether the device may write to it.</summary>
internal readonly record struct Piece(ulong Address, int Length, bool IsWritable);

/// <summary>The driver's side of a ring, operated by the test.</summary>
internal abstract class DriverQueue(VirtioBench bench, int index, int size)
{
    private readonly Dictionary<int, Piece[]> _outstanding = [];

    internal int Index { get; } = index;

    internal int Size { get; } = size;

    internal ulong Descriptors { get; private protected init; }

    internal ulong Driver { get; private protected init; }

    internal ulong Device { get; private protected init; }

    protected VirtioBench Bench { get; } = bench;

    /// <summary>How many descriptors are free.</summary>
    internal abstract int Free { get; }

    /// <summary>
    /// Whether the device wants a notification for what was added since the last one, or since the driver last checked.
    /// </summary>
    internal abstract bool IsNotificationWanted { get; }

    /// <summary>
    /// Tells the device when to interrupt: always, never, or (with EVENT_IDX) after that many more used buffers.
    /// </summary>
    internal abstract void AskForInterrupts(bool enabled, int after = 0);

    /// <summary>Makes a buffer available; returns its id.</summary>
    internal int Add(params Piece[] pieces) => Remember(AddChain(pieces), pieces);

    /// <summary>The same with an indirect table.</summary>
    internal int AddIndirect(params Piece[] pieces) => Remember(AddTable(pieces), pieces);

    /// <summary>Adds buffers of that many bytes for the device to write.</summary>
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
        Assert.True(
            _outstanding.Remove(used.Id, out var pieces), $"the device used buffer {used.Id}, which it does not have");
        return (pieces, used.Length);
    }

    /// <summary>What the device wrote to the next used buffer; null if there is none.</summary>
    internal byte[]? TakeBytes()
    {
        if (TakeUsed() is not { } used) return null;
        var bytes = new List<byte>();
        foreach (var piece in used.Pieces.Where(piece => piece.IsWritable))
            bytes.AddRange(Bench.At(piece.Address, piece.Length));
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
            Assert.NotNull(more); // All buffers of a packet are used at once.
            frame.AddRange(more);
        }
        return [.. frame];
    }

    /// <summary>Everything added so far has been notified, or did not need to be.</summary>
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

    internal void Put16(ulong address, int value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(Bench.At(address, 2), (ushort)value);

    /// <summary>Writes a descriptor; its address and length are the same in both kinds of ring.</summary>
    internal void PutDescriptor(ulong at, ulong address, int length, int third, int fourth)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Bench.At(at, 8), address);
        BinaryPrimitives.WriteInt32LittleEndian(Bench.At(at + 8, 4), length);
        Put16(at + 12, third);
        Put16(at + 14, fourth);
    }

    /// <summary>Whether an index has passed the one that the other side waits for (2.7.10.1).</summary>
    protected static bool IsPassed(int wanted, int now, int before) =>
        (ushort)(now - wanted - 1) < (ushort)(now - before);
}
