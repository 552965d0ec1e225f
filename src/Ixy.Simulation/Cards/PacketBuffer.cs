using System.Runtime.InteropServices;

namespace Ixy.Simulation.Cards;

/// <summary>
/// The receive packet buffer: frames wait here, in the order of their arrival, until their queue has descriptors
/// (82599 datasheet 3.5, 8.2.3.8.9). Counts frames with FCS against its size.
/// </summary>
/// <typeparam name="T">What the card knows about a frame.</typeparam>
internal sealed unsafe class PacketBuffer<T> : IDisposable where T : unmanaged
{
    internal const int LargestSize = 512 * 1024;

    private const int FcsLength = 4;

    // Room for the largest buffer, full of the shortest frames, each with its record.
    private const int Room = 1 << 20;
    private byte* _memory;
    private int _first, _next, _end;

    /// <summary>Capacity in bytes of frames, with FCS.</summary>
    internal int Size { get; set; } = LargestSize;

    /// <summary>Bytes of frames, with FCS, in it now.</summary>
    internal int Used { get; private set; }

    internal bool IsEmpty => Used == 0;

    /// <summary>Adds a frame; false if there is no room for it.</summary>
    internal bool TryAdd(ReadOnlySpan<byte> frame, in T information)
    {
        if (Used + frame.Length + FcsLength > Size || !Reserve(RecordLength(frame.Length), out int place)) return false;
        ref var record = ref *(Record*)(_memory + place);
        record.Information = information;
        record.Length = frame.Length;
        frame.CopyTo(new Span<byte>(_memory + place + sizeof(Record), frame.Length));
        _next = place + RecordLength(frame.Length);
        Used += frame.Length + FcsLength;
        return true;
    }

    /// <summary>The oldest frame. Valid until it is removed.</summary>
    internal ReadOnlySpan<byte> Peek(out T information)
    {
        if (_first == _end) Rewind();
        ref var record = ref *(Record*)(_memory + _first);
        information = record.Information;
        return new(_memory + _first + sizeof(Record), record.Length);
    }

    /// <summary>Removes the oldest frame.</summary>
    internal void Remove()
    {
        if (_first == _end) Rewind();
        int length = ((Record*)(_memory + _first))->Length;
        _first += RecordLength(length);
        Used -= length + FcsLength;
        if (Used == 0) Clear();
    }

    /// <summary>Removes everything.</summary>
    internal void Clear()
    {
        Used = 0;
        (_first, _next, _end) = (0, 0, Room);
    }

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }

    private static int RecordLength(int frameLength) => (sizeof(Record) + frameLength + 7) & ~7;

    // Records never wrap: if the end of the memory is too close, the next one starts at the beginning.
    private bool Reserve(int length, out int place)
    {
        if (_memory is null)
        {
            _memory = (byte*)NativeMemory.Alloc(Room);
            Clear();
        }
        place = _next;
        bool wrapped = _next < _first;
        if (wrapped) return _next + length < _first;
        if (_next + length <= Room) return true;
        if (Used == 0 || length >= _first) return false;
        _end = _next;
        place = 0;
        return true;
    }

    private void Rewind() => (_first, _end) = (0, Room);

    private struct Record
    {
        internal T Information;
        internal int Length;
    }
}
