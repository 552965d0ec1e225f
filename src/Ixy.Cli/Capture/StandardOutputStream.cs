using Microsoft.Win32.SafeHandles;

namespace Ixy.Cli.Capture;

/// <summary>
/// Standard output for bytes, written as they come. Unlike the console's own stream it throws when the reader has gone. What it
/// is connected to may be a file with something else in it, so it can be neither read, moved in nor cut.
/// </summary>
internal sealed class StandardOutputStream : Stream
{
    private const int Descriptor = 1;
    private readonly FileStream _stream = new(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer) => _stream.Write(buffer);

    public override void Write(byte[] buffer, int offset, int count) => _stream.Write(buffer, offset, count);

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
