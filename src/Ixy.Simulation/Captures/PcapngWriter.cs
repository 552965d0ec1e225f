using System.Buffers.Binary;

namespace Ixy.Simulation.Captures;

/// <summary>
/// Writes Ethernet frames to a pcapng file (draft-ietf-opsawg-pcapng): one section, one interface, times in nanoseconds.
/// Frames are collected in memory and written in large pieces; nothing is allocated per frame.
/// </summary>
internal sealed class PcapngWriter : IDisposable
{
    private const int BufferLength = 1 << 20, PacketHeader = 28;

    /// <summary>Longest frame that can be written.</summary>
    internal const int LongestFrame = 262_144;

    private readonly Stream _stream;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferLength);
    private int _used;

    /// <summary>Starts a file; owns <paramref name="stream"/>.</summary>
    internal PcapngWriter(Stream stream)
    {
        _stream = stream;
        WriteSectionHeader();
        WriteInterfaceDescription();
    }

    /// <summary>Creates a file, in place of one that is there.</summary>
    /// <exception cref="IOException">It cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be created.</exception>
    internal static PcapngWriter Create(string path) =>
        new(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0));

    /// <summary>Appends a frame.</summary>
    /// <param name="frame">Without FCS; up to <see cref="LongestFrame"/> bytes.</param>
    /// <param name="time">When it was seen: nanoseconds since 1970, UTC.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal void Write(ReadOnlySpan<byte> frame, long time)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame.Length, LongestFrame);
        int padded = (frame.Length + 3) / 4 * 4;
        int length = PacketHeader + padded + sizeof(uint);
        if (BufferLength - _used < length) Flush();
        var block = _buffer.AsSpan(_used, length);
        Put(block, 0, 6); // enhanced packet block
        Put(block, 4, (uint)length);
        Put(block, 8, 0); // the first interface
        Put(block, 12, (uint)(time >> 32));
        Put(block, 16, (uint)time);
        Put(block, 20, (uint)frame.Length);
        Put(block, 24, (uint)frame.Length);
        frame.CopyTo(block[PacketHeader..]);
        block[(PacketHeader + frame.Length)..^sizeof(uint)].Clear();
        Put(block, length - sizeof(uint), (uint)length);
        _used += length;
    }

    /// <summary>Hands what is in memory to the file system.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal void Flush()
    {
        if (_used == 0) return;
        _stream.Write(_buffer, 0, _used);
        _used = 0;
    }

    /// <summary>Closes the file without what is still in memory: for when a write has failed.</summary>
    internal void Abandon()
    {
        _used = 0;
        _stream.Dispose();
    }

    /// <summary>Writes what is left and closes the file.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Dispose()
    {
        try
        {
            Flush();
        }
        finally
        {
            Abandon();
        }
    }

    private void WriteSectionHeader()
    {
        const int length = 40;
        var block = _buffer.AsSpan(_used, length);
        Put(block, 0, 0x0A0D0D0A);
        Put(block, 4, length);
        Put(block, 8, 0x1A2B3C4D); // little-endian
        Put(block, 12, 1); // version 1.0
        BinaryPrimitives.WriteInt64LittleEndian(block[16..], -1); // length of the section: not known yet
        Put(block, 24, 4 | 3 << 16); // shb_userappl, 3 bytes
        "ixy\0"u8.CopyTo(block[28..]);
        Put(block, 32, 0); // end of options
        Put(block, 36, length);
        _used += length;
    }

    private void WriteInterfaceDescription()
    {
        const int length = 32;
        var block = _buffer.AsSpan(_used, length);
        Put(block, 0, 1);
        Put(block, 4, length);
        Put(block, 8, 1); // Ethernet
        Put(block, 12, LongestFrame);
        Put(block, 16, 9 | 1 << 16); // if_tsresol, 1 byte
        Put(block, 20, 9); // 10^-9 s
        Put(block, 24, 0); // end of options
        Put(block, 28, length);
        _used += length;
    }

    private static void Put(Span<byte> block, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(block[offset..], value);
}
