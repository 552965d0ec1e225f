using System.Runtime.InteropServices;
using Ixy.Hosting.Interop;
using Ixy.Vfio;

namespace Ixy.Hosting.Dma;

/// <summary>
/// Bounce buffers: copies of pieces of <see cref="RemoteMemory"/> that a device works on during one turn. A piece is
/// fetched when the device needs it; what the device has changed is flushed when the device says so, or else at the end
/// of the turn. Slow, and only for memory that cannot be accessed otherwise.
/// </summary>
internal sealed unsafe class StagedMemory : IDisposable
{
    /// <summary>How many bytes a device can work on in one turn.</summary>
    internal const uint Capacity = 8 << 20;

    // Flushing writes whole blocks, so a descriptor of 16 bytes is never seen half written.
    private const uint Block = 16, Alignment = 64;

    private readonly List<Piece> _pieces = [];
    private byte* _memory;
    private nuint _used;

    /// <summary>
    /// A piece's bounce buffer until the turn ends; null if there is no room, or the memory does not answer.
    /// </summary>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">Bytes from its start.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="purpose">What the device does there, to report a failure.</param>
    /// <param name="address">Its device address, to report a failure.</param>
    internal byte* Open(RemoteMemory memory, ulong offset, uint length, string purpose, ulong address)
    {
        foreach (ref readonly var piece in CollectionsMarshal.AsSpan(_pieces))
        {
            if (piece.Memory != memory || !piece.Contains(offset, length)) continue;
            uint start = (uint)(offset - piece.Offset);
            // Software may have got it back since, and written something else.
            if (piece.IsSame(start, start + length) && !piece.Fetch(start, length)) return null;
            return piece.Copy + start;
        }
        nuint room = (nuint)((length + Alignment - 1) / Alignment * Alignment);
        if (length > Capacity || _used + 2 * room > 2 * Capacity) return null;
        if (_memory is null) Allocate();
        byte* copy = _memory + _used, original = copy + room;
        if (!memory.TryRead(offset, new Span<byte>(copy, (int)length))) return null;
        new ReadOnlySpan<byte>(copy, (int)length).CopyTo(new Span<byte>(original, (int)length));
        _used += 2 * room;
        _pieces.Add(new(memory, offset, length, copy, original, purpose, address));
        return copy;
    }

    /// <summary>
    /// Flushes what has changed since it was fetched or flushed, the last piece first: buffers are opened after the
    /// ring that names them.
    /// </summary>
    /// <param name="failed">Called with a piece's purpose and address if it could not be written.</param>
    internal void WriteBack(Action<string, ulong> failed)
    {
        for (int i = _pieces.Count - 1; i >= 0; i--)
        {
            if (TryWriteBack(_pieces[i])) continue;
            failed(_pieces[i].Purpose, _pieces[i].Address);
            // Reporting it once is enough.
            _pieces[i].Keep(0, _pieces[i].Length);
        }
    }

    /// <summary>
    /// Fetches a part of a piece again, which the device must not have changed; does nothing for other memory.
    /// </summary>
    /// <param name="memory">Where the part is.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="failed">Called with the piece's purpose and address if it could not be read.</param>
    /// <returns>False if it could not be read: it stays unchanged.</returns>
    internal bool LookAgain(byte* memory, uint length, Action<string, ulong> failed)
    {
        foreach (ref readonly var piece in CollectionsMarshal.AsSpan(_pieces))
        {
            if (memory < piece.Copy || memory >= piece.Copy + piece.Length) continue;
            uint start = (uint)(memory - piece.Copy);
            if (piece.Fetch(start, length)) return true;
            failed(piece.Purpose, piece.Address + start);
            return false;
        }
        return true;
    }

    /// <summary>Ends all pieces.</summary>
    internal void Clear()
    {
        _pieces.Clear();
        _used = 0;
    }

    /// <summary>Forgets all pieces; pointers into them must not be used any more.</summary>
    public void Dispose()
    {
        _pieces.Clear();
        if (_memory is not null) _ = Libc.munmap((nint)_memory, 2 * Capacity);
        _memory = null;
    }

    private static bool TryWriteBack(in Piece piece)
    {
        uint end = piece.Length;
        while (end > 0)
        {
            uint start = (end - 1) / Block * Block;
            if (piece.IsSame(start, end))
            {
                end = start;
                continue;
            }
            while (start > 0 && !piece.IsSame(start - Block, start)) start -= Block;
            if (!piece.Memory.TryWrite(
                piece.Offset + start, new ReadOnlySpan<byte>(piece.Copy + start, (int)(end - start)))) return false;
            piece.Keep(start, end);
            end = start;
        }
        return true;
    }

    private void Allocate()
    {
        int flags = Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE;
        nint memory = Libc.mmap(0, 2 * Capacity, Libc.PROT_READ | Libc.PROT_WRITE, flags, -1, 0);
        if (memory == Libc.MapFailed) throw new DmaMemoryException($"no memory for copies: {Libc.LastError()}");
        _memory = (byte*)memory;
    }

    private readonly struct Piece(
        RemoteMemory memory, ulong offset, uint length, byte* copy, byte* original, string purpose, ulong address)
    {
        internal readonly RemoteMemory Memory = memory;
        internal readonly ulong Offset = offset;
        internal readonly uint Length = length;
        internal readonly byte* Copy = copy;
        internal readonly string Purpose = purpose;
        internal readonly ulong Address = address;
        private readonly byte* _original = original;

        internal bool Contains(ulong offset, uint length) =>
            offset - Offset <= Length && length <= Length - (offset - Offset);

        /// <summary>Reads an unchanged part again; false, leaving it as it is, if that fails.</summary>
        internal bool Fetch(uint start, uint length)
        {
            if (Memory.TryRead(Offset + start, new Span<byte>(_original + start, (int)length)))
            {
                new ReadOnlySpan<byte>(_original + start, (int)length)
                    .CopyTo(new Span<byte>(Copy + start, (int)length));
                return true;
            }
            Keep(start, start + length);
            return false;
        }

        /// <summary>Whether a part of the copy matches the memory.</summary>
        internal void Keep(uint start, uint end) =>
            new ReadOnlySpan<byte>(Copy + start, (int)(end - start))
            .CopyTo(new Span<byte>(_original + start, (int)(end - start)));

        internal bool IsSame(uint start, uint end) =>
            new ReadOnlySpan<byte>(Copy + start, (int)(end - start))
            .SequenceEqual(new(_original + start, (int)(end - start)));
    }
}
