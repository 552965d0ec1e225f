namespace Ixy;

/// <summary>Whether a transmit queue is making progress.</summary>
/// <param name="Place">Changes whenever the card has sent something.</param>
/// <param name="IsWaiting">The card has packets that it has not sent.</param>
internal readonly record struct TransmitProgress(ulong Place, bool IsWaiting);

// How much a queue has taken, and how much of that is still on its way.
public abstract partial class TransmitQueue
{
    /// <summary>Packets given to the card since the device was opened.</summary>
    public abstract long Packets { get; }

    /// <summary>Packets given to the card whose buffers have not been reclaimed yet.</summary>
    public abstract int Pending { get; }

    /// <summary>
    /// How far the card has got. Reads the card; from another thread the answer may be slightly stale.
    /// </summary>
    internal virtual TransmitProgress Progress => default;
}
