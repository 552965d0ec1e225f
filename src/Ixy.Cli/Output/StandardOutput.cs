using Microsoft.Win32.SafeHandles;

namespace Ixy.Cli.Output;

/// <summary>
/// Standard output for bytes, unbuffered. The console's own stream does not report that the reader of a pipe is gone;
/// this one does. It may be connected to a file with other content, so it can be neither read, seeked nor truncated.
/// </summary>
internal sealed class StandardOutput : Stream
{
    private const int Descriptor = 1, BrokenPipe = 32;
    private readonly Stream _stream;

    internal StandardOutput()
    {
        _stream = new FileStream(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        // In a file, a FileStream writes at a position that it tracks itself, and would overwrite what others with the
        // same file, such as a shell, have written. A pipe has no positions.
        if (_stream.CanSeek) _stream = Console.OpenStandardOutput();
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The reader of the output is gone.</summary>
    internal static bool ReaderHasGone(Exception error) => error is IOException { HResult: BrokenPipe };

    /// <exception cref="IOException">It cannot be written; the message says where.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _stream.Write(buffer);
        }
        catch (IOException error)
        {
            throw new IOException(
                $"standard output cannot be written: {error.Message}", error)
            { HResult = error.HResult };
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => _stream.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _stream.Dispose();
        base.Dispose(disposing);
    }
}
