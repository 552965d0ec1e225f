namespace Ixy.Virtio;

internal abstract unsafe partial class VirtioReceiveQueue
{
    /// <summary>
    /// A restarted device begins at position 0, of which it knows 16 bits; a packed ring begins with an even round.
    /// </summary>
    internal const ulong Round = 1 << 16;

    /// <summary>
    /// Starts over, with its current buffers, in a ring that was cleared; frames in buffers already filled are lost.
    /// Positions keep running, so counters continue.
    /// </summary>
    internal void Restart()
    {
        ulong skipped = (0 - Position) & (Round - 1);
        _unused += (long)skipped;
        Position += skipped;
        _published = Position;
        WriteAll();
    }

    /// <summary>Writes the descriptors of a ring of which the device owns none.</summary>
    private protected abstract void WriteAll();
}
