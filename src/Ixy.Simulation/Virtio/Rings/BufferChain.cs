using System.Runtime.CompilerServices;

namespace Ixy.Simulation.Virtio.Rings;

/// <summary>A piece of memory named by a descriptor, and where the card finds it in this turn.</summary>
internal unsafe struct Segment
{
    internal ulong Address;
    internal byte* Memory;
    internal uint Length;
}

/// <summary>
/// A buffer that the driver made available: the pieces for the device to read, then those for it to write (virtio 1.2,
/// 2.7.4), regardless of how many descriptors there were and where. Reused for every buffer of a queue.
/// </summary>
internal sealed unsafe class BufferChain
{
    private Segment[] _segments = new Segment[16];

    /// <summary>Pieces.</summary>
    internal int Count { get; private set; }

    /// <summary>How many of them, from the first, are for the device to read.</summary>
    internal int Readable { get; private set; }

    /// <summary>
    /// The driver's name for it: index of the first descriptor in a split ring, buffer id in a packed one.
    /// </summary>
    internal ushort Id { get; set; }

    /// <summary>Places it takes in a packed ring.</summary>
    internal uint Slots { get; set; }

    internal ref Segment this[int index] => ref _segments[index];

    /// <summary>Bytes for the device to read.</summary>
    internal uint ReadableLength => Length(0, Readable);

    /// <summary>Bytes for the device to write.</summary>
    internal uint WritableLength => Length(Readable, Count);

    /// <summary>Makes room for chains of up to this many pieces.</summary>
    internal void Reserve(int pieces)
    {
        if (_segments.Length < pieces) Array.Resize(ref _segments, pieces);
    }

    /// <summary>The common case: a single piece.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Set(ulong address, byte* memory, uint length, bool isWritable)
    {
        ref var segment = ref _segments[0];
        segment.Address = address;
        segment.Memory = memory;
        segment.Length = length;
        (Count, Readable) = (1, isWritable ? 0 : 1);
    }

    internal void Clear() => (Count, Readable) = (0, 0);

    internal void Add(ulong address, byte* memory, uint length, bool isWritable)
    {
        ref var segment = ref _segments[Count++];
        segment.Address = address;
        segment.Memory = memory;
        segment.Length = length;
        if (!isWritable) Readable = Count;
    }

    /// <summary>Becomes a copy of another chain.</summary>
    internal void CopyFrom(BufferChain other)
    {
        Reserve(other._segments.Length);
        Array.Copy(other._segments, _segments, other.Count);
        (Count, Readable, Id, Slots) = (other.Count, other.Readable, other.Id, other.Slots);
    }

    /// <summary>Copies what the device may read; false if the target has no room for it.</summary>
    internal bool TryRead(Span<byte> target, out int length)
    {
        length = 0;
        for (int index = 0; index < Readable; index++)
        {
            ref var segment = ref _segments[index];
            if (segment.Length > (uint)(target.Length - length)) return false;
            new ReadOnlySpan<byte>(segment.Memory, (int)segment.Length).CopyTo(target[length..]);
            length += (int)segment.Length;
        }
        return true;
    }

    /// <summary>Writes bytes at a position in what the device may write; returns how many fitted.</summary>
    internal int Write(uint skip, ReadOnlySpan<byte> bytes)
    {
        int written = 0;
        for (int index = Readable; index < Count && written < bytes.Length; index++)
        {
            ref var segment = ref _segments[index];
            uint skipped = Math.Min(skip, segment.Length);
            skip -= skipped;
            int length = (int)Math.Min(segment.Length - skipped, (uint)(bytes.Length - written));
            bytes.Slice(written, length).CopyTo(new Span<byte>(segment.Memory + skipped, length));
            written += length;
        }
        return written;
    }

    /// <summary>The memory of a byte of what the device may write; the caller knows that it is there.</summary>
    internal byte* PlaceOf(uint offset)
    {
        int index = Readable;
        while (offset >= _segments[index].Length) offset -= _segments[index++].Length;
        return _segments[index].Memory + offset;
    }

    private uint Length(int from, int to)
    {
        uint length = 0;
        for (int index = from; index < to; index++) length += _segments[index].Length;
        return length;
    }
}
