namespace Ixy.Hosting.Dma;

/// <summary>
/// Memory that a device may access but that cannot be mapped into this process: it is copied back and forth.
/// </summary>
internal abstract class RemoteMemory : IDisposable
{
    /// <summary>Copies from it.</summary>
    /// <param name="offset">Bytes from its start; the range was checked.</param>
    /// <param name="target">Receives the bytes.</param>
    /// <returns>False if it does not answer.</returns>
    internal abstract bool TryRead(ulong offset, Span<byte> target);

    /// <summary>Copies to it; false if it does not answer, or is read-only.</summary>
    internal abstract bool TryWrite(ulong offset, ReadOnlySpan<byte> source);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }
}
