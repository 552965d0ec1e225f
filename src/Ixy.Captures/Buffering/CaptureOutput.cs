namespace Ixy.Captures.Buffering;

/// <summary>The far end of a capture: writes whole buffers, and counts what arrived and what did not.</summary>
internal sealed class CaptureOutput(Stream stream, byte[] header, int interfaces)
{
    private readonly long[] _written = new long[interfaces], _lost = new long[interfaces];
    private readonly Lock _start = new();
    private byte[] _header = header;
    private bool _isStarted;
    private long _length;
    private volatile Exception? _failure;

    internal Exception? Failure => _failure;

    /// <summary>Bytes written, in whole blocks.</summary>
    internal long Length => Volatile.Read(ref _length);

    internal (long Written, long Lost) Counts(int interfaceId) =>
        (Volatile.Read(ref _written[interfaceId]), Volatile.Read(ref _lost[interfaceId]));

    /// <summary>Replaces the first header; false if that was already written. For any thread.</summary>
    internal bool TryReplaceHeader(byte[] replacement)
    {
        lock (_start)
        {
            if (_isStarted) return false;
            _header = replacement;
            return true;
        }
    }

    /// <summary>Writes a buffer; if that fails, now or earlier, its frames count as lost.</summary>
    internal void Write(CaptureBuffer buffer)
    {
        bool isWritten = TryStart() && TryWrite(buffer.Bytes);
        var counters = isWritten ? _written : _lost;
        for (int i = 0; i < counters.Length; i++) Volatile.Write(ref counters[i], counters[i] + buffer.Frames[i]);
    }

    /// <summary>Writes the end of the file and closes it.</summary>
    internal void Close(byte[] trailer)
    {
        TryStart();
        try
        {
            if (_failure is null) TryWrite(trailer);
            else CutOff(trailer);
        }
        finally
        {
            Release();
        }
    }

    private bool TryStart()
    {
        lock (_start)
        {
            if (_isStarted) return true;
            _isStarted = true;
        }
        return TryWrite(_header);
    }

    private bool TryWrite(ReadOnlySpan<byte> blocks)
    {
        if (_failure is not null) return false;
        try
        {
            stream.Write(blocks);
            Volatile.Write(ref _length, _length + blocks.Length);
            return true;
        }
        catch (Exception error)
        {
            // No exception may end the process from this thread; the owner asks for it.
            _failure = error;
            return false;
        }
    }

    // A full disk takes only part of a write. Cut back to the last whole block, the file is well-formed, and often the
    // statistics fit into the freed space.
    private void CutOff(byte[] trailer)
    {
        if (!stream.CanSeek || !TryCut()) return;
        // Not even the header fitted, and statistics alone are not a capture.
        if (_length < _header.Length) return;
        try
        {
            stream.Position = _length;
            stream.Write(trailer);
            _length += trailer.Length;
        }
        catch (IOException)
        {
            // The first failure is the one to report.
            TryCut();
        }
    }

    private bool TryCut()
    {
        try
        {
            // A device cannot be truncated, and has no length either.
            if (stream.Length > _length) stream.SetLength(_length);
            return true;
        }
        catch (IOException error)
        {
            _failure = new IOException($"{_failure!.Message}; and the file cannot be cut: {error.Message}", _failure);
            return false;
        }
    }

    // Some file systems report only now that they are full (NFS, quotas).
    private void Release()
    {
        try
        {
            stream.Dispose();
        }
        catch (Exception error)
        {
            _failure ??= error;
        }
    }
}
