namespace Ixy.Hosting.VfioUser;

/// <summary>DMA_READ and DMA_WRITE: the commands that a server sends to its client.</summary>
internal interface IClientMemory
{
    /// <summary>Asks the client for bytes at a device address; false if it does not give them in time.</summary>
    bool TryRead(ulong address, Span<byte> target);

    /// <summary>Gives bytes to the client; false if it does not take them in time.</summary>
    bool TryWrite(ulong address, ReadOnlySpan<byte> source);
}
