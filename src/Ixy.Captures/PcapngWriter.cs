using Ixy.Captures.Formats;

namespace Ixy.Captures;

/// <summary>
/// Writes Ethernet frames to a pcapng file (draft-ietf-opsawg-pcapng) with timestamps in nanoseconds. Frames are
/// collected in memory and written in large pieces by the caller's thread; nothing is allocated per frame. If that
/// thread must not wait for a disk, use <see cref="CaptureFile"/>, which has its own. Not thread-safe.
/// </summary>
public sealed class PcapngWriter : IDisposable
{
    private const int BufferLength = 1 << 20;

    /// <summary>Longest frame that can be written.</summary>
    public const int LongestFrame = PcapngBlocks.LongestFrame;

    private readonly Stream _stream;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferLength);
    private int _used;

    /// <summary>Starts a file; owns <paramref name="stream"/>.</summary>
    /// <param name="stream">Written to in large pieces.</param>
    /// <param name="interfaces">The interfaces frames are captured at; if null, one without a description.</param>
    public PcapngWriter(Stream stream, params IReadOnlyList<CaptureInterface> interfaces)
    {
        ArgumentNullException.ThrowIfNull(interfaces);
        _stream = stream;
        byte[] header = PcapngBlocks.Header(interfaces.Count > 0 ? interfaces : [new()], LongestFrame);
        header.CopyTo(_buffer, 0);
        _used = header.Length;
    }

    /// <summary>Creates a file, replacing an existing one.</summary>
    /// <exception cref="IOException">It cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not create it.</exception>
    public static PcapngWriter Create(string path) =>
        new(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0));

    /// <summary>Appends a frame.</summary>
    /// <param name="frame">Without FCS; up to <see cref="LongestFrame"/> bytes.</param>
    /// <param name="time">When it was seen: nanoseconds since 1970, UTC.</param>
    /// <param name="interfaceId">The interface's index in the list the file was started with.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(ReadOnlySpan<byte> frame, long time, int interfaceId = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame.Length, LongestFrame);
        int length = PcapngBlocks.PacketLength(frame.Length);
        if (BufferLength - _used < length) Flush();
        PcapngBlocks.WritePacket(_buffer.AsSpan(_used, length), interfaceId, time, frame, frame.Length);
        _used += length;
    }

    /// <summary>Flushes what is in memory to the file system.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Flush()
    {
        if (_used == 0) return;
        _stream.Write(_buffer, 0, _used);
        _used = 0;
    }

    /// <summary>Closes the file without what is still in memory: for use after a write has failed.</summary>
    public void Abandon()
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
}
