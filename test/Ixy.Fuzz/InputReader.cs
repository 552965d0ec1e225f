using System.Buffers.Binary;

namespace Ixy.Fuzz;

/// <summary>Takes an input apart. Past its end everything is zero.</summary>
internal ref struct InputReader(ReadOnlySpan<byte> input)
{
    private ReadOnlySpan<byte> _rest = input;

    internal readonly bool IsEmpty => _rest.IsEmpty;

    internal byte Byte() => Take(1) is [var value] ? value : (byte)0;

    internal ushort Word() => (ushort)(Byte() | Byte() << 8);

    internal uint Number()
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        Take(sizeof(uint)).CopyTo(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <summary>The next bytes; fewer if the input ends.</summary>
    internal ReadOnlySpan<byte> Take(int count)
    {
        var taken = _rest[..Math.Min(count, _rest.Length)];
        _rest = _rest[taken.Length..];
        return taken;
    }

    internal ReadOnlySpan<byte> Rest() => Take(_rest.Length);
}
