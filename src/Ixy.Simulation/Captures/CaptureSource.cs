using System.Buffers.Binary;

namespace Ixy.Simulation.Captures;

/// <summary>The bytes of a capture file from first to last, in the byte order that the file says it has.</summary>
internal sealed class CaptureSource(Stream stream, string name) : IDisposable
{
    private byte[] _buffer = new byte[4096];
    private long _position;

    /// <summary>What the file was opened as.</summary>
    internal string Name => name;

    /// <summary>Numbers have their most significant byte first.</summary>
    internal bool IsBigEndian { get; set; }

    /// <summary>The next bytes, valid until the next read; false if the file is at its end before the first of them.</summary>
    /// <exception cref="CaptureFormatException">The file ends in the middle of them.</exception>
    internal bool TryRead(int length, out ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length < length) _buffer = new byte[length];
        int read = stream.ReadAtLeast(_buffer.AsSpan(0, length), length, throwOnEndOfStream: false);
        bytes = _buffer.AsSpan(0, read);
        if (read == 0 && length > 0) return false;
        if (read < length) throw Malformed($"ends in the middle: {length} bytes were to follow, there are {read}");
        _position += read;
        return true;
    }

    /// <summary>The next bytes, valid until the next read.</summary>
    /// <exception cref="CaptureFormatException">The file ends before or in the middle of them.</exception>
    internal ReadOnlySpan<byte> Read(int length) => TryRead(length, out var bytes)
        ? bytes
        : throw Malformed($"ends in the middle: {length} bytes were to follow, there are none");

    internal ushort UInt16(ReadOnlySpan<byte> bytes) =>
        IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    internal uint UInt32(ReadOnlySpan<byte> bytes) =>
        IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    internal CaptureFormatException Malformed(string what) => new($"{name}: near byte {_position}: {what}");

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();
}
