namespace Ixy.Hosting.VfioUser;

/// <summary>DMA_READ and DMA_WRITE: commands that a server sends to its client.</summary>
internal interface IClientMemory
{
    /// <summary>
    /// Requests bytes at a device address from the client; false if it does not deliver them in time.
    /// </summary>
    bool TryRead(ulong address, Span<byte> target);

    /// <summary>Sends bytes to the client; false if it does not take them in time.</summary>
    bool TryWrite(ulong address, ReadOnlySpan<byte> source);
}
