namespace Ixy.Virtio;

internal abstract unsafe partial class VirtioReceiveQueue
{
    /// <summary>A device begins at position 0 and knows 16 bits of it, and a packed ring with an even round.</summary>
    internal const ulong Round = 1 << 16;

    /// <summary>
    /// Begins again, with the buffers that it has, in a ring that was cleared; what is in those that were filled is
    /// lost. Positions run on, so that counters do.
    /// </summary>
    internal void Restart()
    {
        ulong skipped = (0 - Position) & (Round - 1);
        _unused += (long)skipped;
        Position += skipped;
        _published = Position;
        WriteAll();
    }

    /// <summary>Writes the descriptors of a ring in which the device has none.</summary>
    private protected abstract void WriteAll();
}
