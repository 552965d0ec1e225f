using Ixy.Hosting.Dma;
using Ixy.Hosting.Interop;

namespace Ixy.Hosting.VfioUser;

/// <summary>A client's memory in a file that may shrink: read and written, never mapped.</summary>
internal sealed unsafe class FileMemory(int file, ulong start, bool isWritable) : RemoteMemory
{
    /// <summary>Whether the descriptor can be written, judging by its mode and its kind.</summary>
    internal static bool CanWrite(int file) => Libc.pwrite(file, null, 0, 0) == 0;

    internal override bool TryRead(ulong offset, Span<byte> target)
    {
        fixed (byte* bytes = target)
            return Libc.pread(file, bytes, (nuint)target.Length, (long)(start + offset)) == target.Length;
    }

    // A file that has shrunk does not grow again through this: bytes beyond its end are lost.
    internal override bool TryWrite(ulong offset, ReadOnlySpan<byte> source)
    {
        if (!isWritable || start + offset + (ulong)source.Length > (ulong)Libc.lseek(file, 0, Libc.SEEK_END))
            return false;
        fixed (byte* bytes = source)
            return Libc.pwrite(file, bytes, (nuint)source.Length, (long)(start + offset)) == source.Length;
    }

    public override void Dispose()
    {
        _ = Libc.close(file);
        base.Dispose();
    }
}
