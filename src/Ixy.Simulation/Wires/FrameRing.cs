using System.Runtime.CompilerServices;

namespace Ixy.Simulation.Wires;

/// <summary>
/// Frames in flight, in order, in memory allocated once: what a wire holds between sender and receiver. Used by one
/// thread.
/// </summary>
internal sealed class FrameRing
{
    /// <summary>4 MiB: more than 50,000 of the shortest frames, or 250 of the longest.</summary>
    internal const int DefaultCapacity = 4 << 20;

    private const int HeaderLength = sizeof(int), Alignment = 8;
    private const int Wrapped = -1; // in place of a length: the next frame is at the start

    private readonly byte[] _bytes;

    // The oldest frame, the end of the newest, and how far the memory is in use: up to the last frame taken. The end
    // meets the used memory only if both are 0 and the ring is empty, so full and empty differ.
    private int _head, _tail, _used;

    internal FrameRing(int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, Alignment);
        _bytes = new byte[capacity / Alignment * Alignment];
    }

    /// <summary>Frames in it.</summary>
    internal int Count { get; private set; }

    /// <summary>Copies a frame in; false if there is no room.</summary>
    internal bool TryAdd(ReadOnlySpan<byte> frame)
    {
        int needed = EntryLength(frame.Length);
        if (!TryMakeRoom(needed)) return false;
        Header(_tail) = frame.Length;
        frame.CopyTo(_bytes.AsSpan(_tail + HeaderLength));
        _tail = After(_tail, needed);
        Count++;
        return true;
    }

    /// <summary>Takes the oldest frame; empty if there is none. Valid until the next call of this method.</summary>
    internal ReadOnlySpan<byte> Take()
    {
        if (Count == 0)
        {
            // Nothing is referred to any more: start over where the processor's cache is warm.
            _head = _tail = _used = 0;
            return [];
        }
        Count--;
        if (Header(_head) == Wrapped) _head = 0;
        int length = Header(_head);
        _used = _head;
        _head = After(_head, EntryLength(length));
        return _bytes.AsSpan(_used + HeaderLength, length);
    }

    private static int EntryLength(int frameLength) =>
        (HeaderLength + frameLength + Alignment - 1) / Alignment * Alignment;

    private int After(int position, int length) => position + length == _bytes.Length ? 0 : position + length;

    private ref int Header(int position) => ref Unsafe.As<byte, int>(ref _bytes[position]);

    private bool TryMakeRoom(int needed)
    {
        if (_tail < _used) return _used - _tail > needed;
        int atEnd = _bytes.Length - _tail;
        if (atEnd > needed || (atEnd == needed && _used > 0)) return true;
        if (_used <= needed) return false;
        Header(_tail) = Wrapped;
        _tail = 0;
        return true;
    }
}
