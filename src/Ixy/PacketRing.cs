using System.Numerics;
using System.Runtime.InteropServices;

namespace Ixy;

/// <summary>
/// A bounded queue of packets between threads, for building pipelines: one receives, one works, one sends. It moves
/// whole batches. First in, first out; putting a packet in gives up ownership, taking one out acquires it. Any number
/// of threads may use either end. Nothing is allocated after construction.
/// </summary>
/// <remarks>
/// An operation takes effect at one moment, when it moves its end of the contents (it is linearizable). It then copies,
/// waiting for any earlier operation, at either end, that has not finished copying. So a thread that loses its core in
/// the middle of a copy holds the others up, but nothing else does.
/// </remarks>
public sealed class PacketRing
{
    private readonly Packet[] _packets;
    private readonly uint _mask;
    private PaddedWord _contents, _written, _read;

    /// <param name="capacity">Most packets it can hold: a power of two, 2 to 1,048,576.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not.</exception>
    public PacketRing(int capacity)
    {
        if (!BitOperations.IsPow2(capacity) || capacity is < 2 or > 1 << 20)
            throw new ArgumentOutOfRangeException(
                nameof(capacity), $"a ring has a power of two of places, 2 to 1,048,576, not {capacity}");
        _packets = new Packet[capacity];
        _mask = (uint)capacity - 1;
    }

    /// <summary>Most packets it can hold.</summary>
    public int Capacity => _packets.Length;

    /// <summary>Packets in it, at some moment during the call.</summary>
    public int Count => new Contents(Volatile.Read(ref _contents.Value)).Count;

    /// <summary>Puts in as many packets as there is room for; does not wait for room.</summary>
    /// <returns>How many were taken, from the front. The rest still belong to the caller.</returns>
    public int Enqueue(ReadOnlySpan<Packet> packets)
    {
        uint count, end;
        while (true)
        {
            long word = Volatile.Read(ref _contents.Value);
            var contents = new Contents(word);
            count = (uint)Math.Min(packets.Length, Capacity - contents.Count);
            if (count == 0) return 0;
            end = contents.End + count;
            if (Interlocked.CompareExchange(ref _contents.Value, contents.MoveEnd(count), word) == word) break;
        }
        // The previous contents of these places are still being copied out.
        WaitUntilPassed(ref _read.Value, end - (uint)Capacity);
        CopyIn(packets[..(int)count], end - count);
        Publish(ref _written.Value, end - count, end);
        return (int)count;
    }

    /// <summary>Takes out as many packets as there are and fit; does not wait for more.</summary>
    /// <returns>
    /// How many places of <paramref name="batch"/> were filled, from the front. These packets now belong to the caller.
    /// </returns>
    public int Dequeue(Span<Packet> batch)
    {
        uint count, start;
        while (true)
        {
            long word = Volatile.Read(ref _contents.Value);
            var contents = new Contents(word);
            count = (uint)Math.Min(batch.Length, contents.Count);
            if (count == 0) return 0;
            start = contents.Start;
            if (Interlocked.CompareExchange(ref _contents.Value, contents.MoveStart(count), word) == word) break;
        }
        // The contents of these places are still being copied in.
        WaitUntilPassed(ref _written.Value, start + count);
        CopyOut(batch[..(int)count], start);
        Publish(ref _read.Value, start, start + count);
        return (int)count;
    }

    private void CopyIn(ReadOnlySpan<Packet> packets, uint position)
    {
        var behind = _packets.AsSpan((int)(position & _mask));
        int first = Math.Min(packets.Length, behind.Length);
        packets[..first].CopyTo(behind);
        packets[first..].CopyTo(_packets);
    }

    private void CopyOut(Span<Packet> batch, uint position)
    {
        var behind = _packets.AsSpan((int)(position & _mask));
        int first = Math.Min(batch.Length, behind.Length);
        behind[..first].CopyTo(batch);
        _packets.AsSpan(0, batch.Length - first).CopyTo(batch[first..]);
    }

    private static void WaitUntilPassed(ref long counter, uint position)
    {
        var spin = new SpinWait();
        // Positions wrap; the counter is at most a ring away.
        while ((int)((uint)Volatile.Read(ref counter) - position) < 0) spin.SpinOnce(sleep1Threshold: -1);
    }

    // In the order in which operations took effect. A release store: whoever sees the counter sees the copied packets.
    private static void Publish(ref long counter, uint from, uint to)
    {
        var spin = new SpinWait();
        while ((uint)Volatile.Read(ref counter) != from) spin.SpinOnce(sleep1Threshold: -1);
        Volatile.Write(ref counter, to);
    }

    /// <summary>
    /// Both ends in one word, free-running: where the next packet comes out, and where the next one goes in.
    /// </summary>
    private readonly struct Contents(long word)
    {
        internal uint Start => (uint)word;

        internal uint End => (uint)(word >> 32);

        internal int Count => (int)(End - Start);

        internal long MoveStart(uint count) => (long)End << 32 | Start + count;

        internal long MoveEnd(uint count) => (long)(End + count) << 32 | Start;
    }

    // A word that several threads write, alone in its cache lines (two, because CPUs fetch them in pairs).
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct PaddedWord
    {
        [FieldOffset(128)]
        internal long Value;
    }
}
