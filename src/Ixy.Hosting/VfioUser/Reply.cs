using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// What is sent back to the client: a payload, data after it, and descriptors, which still belong to their owner.
/// Reused for every command.
/// </summary>
internal sealed class Reply
{
    private byte[] _bytes = new byte[256];
    private int _length;

    internal ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>A descriptor to send along; -1 for none.</summary>
    internal int Descriptor { get; set; }

    internal void Clear() => (_length, Descriptor) = (0, -1);

    internal void Add<T>(in T structure) where T : unmanaged =>
        MemoryMarshal.Write(AddBytes(Unsafe.SizeOf<T>()), in structure);

    internal void Add(ReadOnlySpan<byte> bytes) => bytes.CopyTo(AddBytes(bytes.Length));

    /// <summary>Room for this many bytes, to be filled at once.</summary>
    internal Span<byte> AddBytes(int count)
    {
        if (_bytes.Length - _length < count) Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _length + count));
        _length += count;
        return _bytes.AsSpan(_length - count, count);
    }
}
