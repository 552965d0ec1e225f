using System.Buffers.Binary;

namespace Ixy.Captures.Buffering;

/// <summary>The bytes of a capture file from first to last, in the file's own byte order.</summary>
internal sealed class CaptureSource(Stream stream, string name) : IDisposable
{
    private byte[] _buffer = new byte[4096];
    private long _position;

    /// <summary>Numbers are big-endian.</summary>
    internal bool IsBigEndian { get; set; }

    /// <summary>The next bytes, valid until the next read; false if the file ends right before them.</summary>
    /// <exception cref="CaptureFormatException">The file ends in the middle of them.</exception>
    internal bool TryRead(int length, out ReadOnlySpan<byte> bytes)
    {
        int read = Fill(length);
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

    internal long Int64(ReadOnlySpan<byte> bytes) =>
        IsBigEndian ? BinaryPrimitives.ReadInt64BigEndian(bytes) : BinaryPrimitives.ReadInt64LittleEndian(bytes);

    internal CaptureFormatException Malformed(string what) => new($"{name}: near byte {_position}: {what}", _position);

    /// <summary>The file as a whole is invalid.</summary>
    internal CaptureFormatException Refused(string what) => new($"{name}: {what}", 0);

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    // The length may be wrong, so memory is allocated only as bytes arrive.
    private int Fill(int length)
    {
        int read = 0;
        while (true)
        {
            int wanted = Math.Min(length, _buffer.Length) - read;
            int found = stream.ReadAtLeast(_buffer.AsSpan(read, wanted), wanted, throwOnEndOfStream: false);
            read += found;
            if (found < wanted || read == length) return read;
            Array.Resize(ref _buffer, Math.Min(length, 2 * _buffer.Length));
        }
    }
}
