using Ixy.Hosting.Dma;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// Memory of the client that the device may only read: mapped so, and copied, as a device works on what it is given.
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
