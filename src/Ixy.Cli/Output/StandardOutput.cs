using Microsoft.Win32.SafeHandles;

namespace Ixy.Cli.Output;

/// <summary>
/// Standard output for bytes, written as they come. The console's own stream does not say when the reader of a pipe has
/// gone, this one does. What it is connected to may be a file with something else in it, so it can be neither read,
/// moved in nor cut.
/// </summary>
internal sealed class StandardOutput : Stream
{
    private const int Descriptor = 1, BrokenPipe = 32;
    private readonly Stream _stream;

    internal StandardOutput()
    {
        _stream = new FileStream(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        // In a file, a FileStream writes at a place that it counts by itself, and whoever has the file as well, as a
        // shell has, writes over that. A pipe has no places.
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

    /// <summary>What was written has nobody to read it any more.</summary>
    internal static bool ReaderHasGone(Exception error) => error is IOException { HResult: BrokenPipe };

    /// <exception cref="IOException">It cannot be written; the message names the place.</exception>
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
