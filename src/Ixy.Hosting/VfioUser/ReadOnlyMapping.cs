using Ixy.Hosting.Dma;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// A client's memory that the device may only read: mapped read-only, and copied, because a device works in place on
/// the memory it is given.
/// </summary>
internal sealed unsafe class ReadOnlyMapping(FileMapping mapping) : RemoteMemory
{
    internal override bool TryRead(ulong offset, Span<byte> target)
    {
        new ReadOnlySpan<byte>((byte*)mapping.Memory + offset, target.Length).CopyTo(target);
        return true;
    }

    internal override bool TryWrite(ulong offset, ReadOnlySpan<byte> source) => false;
}
