using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Ixy.Captures.Formats;

/// <summary>
/// Builds a block of a pcapng file, little-endian: type, length, body, options, and the length once more.
/// </summary>
internal readonly struct BlockBuilder
{
    private const int LongestText = 512;
    private readonly ArrayBufferWriter<byte> _bytes = new();

    internal BlockBuilder(uint type) => Word(type).Word(0); // the length follows

    internal BlockBuilder Word(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.GetSpan(sizeof(uint)), value);
        _bytes.Advance(sizeof(uint));
        return this;
    }

    internal BlockBuilder Halves(ushort first, int second) => Word(first | (uint)second << 16);

    internal BlockBuilder Double(long value) => Word((uint)value).Word((uint)(value >> 32));

    /// <summary>Two words, the more significant one first, as in timestamps.</summary>
    internal BlockBuilder Time(long time) => Word((uint)(time >> 32)).Word((uint)time);

    internal BlockBuilder Option(ushort code, ReadOnlySpan<byte> value)
    {
        Halves(code, value.Length);
        int padded = (value.Length + 3) / 4 * 4;
        var place = _bytes.GetSpan(padded)[..padded];
        value.CopyTo(place);
        place[value.Length..].Clear();
        _bytes.Advance(padded);
        return this;
    }

    internal BlockBuilder Option(ushort code, string? text)
    {
        if (string.IsNullOrEmpty(text)) return this;
        return Option(code, Encoding.UTF8.GetBytes(text.Length <= LongestText ? text : text[..LongestText]));
    }

    internal BlockBuilder Option(ushort code, long? value) =>
        value is { } number ? Halves(code, sizeof(long)).Double(number) : this;

    /// <summary>The finished block, with its options terminated.</summary>
    internal byte[] Finish()
    {
        Halves(0, 0);
        Word(0);
        byte[] block = _bytes.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(4), block.Length);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(block.Length - sizeof(int)), block.Length);
        return block;
    }
}
