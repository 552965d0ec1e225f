using Ixy.Hosting.Dma;

namespace Ixy.Hosting.VfioUser;

/// <summary>Memory that the client keeps to itself: accessed by messages.</summary>
internal sealed class ClientMemory(IClientMemory client, ulong start, bool isWritable) : RemoteMemory
{
    internal override bool TryRead(ulong offset, Span<byte> target) => client.TryRead(start + offset, target);

    internal override bool TryWrite(ulong offset, ReadOnlySpan<byte> source) =>
        isWritable && client.TryWrite(start + offset, source);
}
