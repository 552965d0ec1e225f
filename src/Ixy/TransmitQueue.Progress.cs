namespace Ixy;

/// <summary>Whether a transmit queue is making progress.</summary>
/// <param name="Place">Changes whenever the card has sent something.</param>
/// <param name="IsWaiting">The card has packets that it has not sent.</param>
internal readonly record struct TransmitProgress(ulong Place, bool IsWaiting);

public abstract partial class TransmitQueue
{
    /// <summary>
    /// How far the card has got. Reads the card; from another thread the answer may be slightly stale.
    /// </summary>
    internal virtual TransmitProgress Progress => default;
}
