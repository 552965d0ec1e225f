namespace Ixy;

/// <summary>Whether a transmit queue moves.</summary>
/// <param name="Place">Another one whenever the card has sent something.</param>
/// <param name="IsWaiting">The card has packets that it has not sent.</param>
internal readonly record struct TransmitProgress(ulong Place, bool IsWaiting);

public abstract partial class TransmitQueue
{
    /// <summary>How far the card is. Reads the card; for any thread, to whom it may be a little old.</summary>
    internal virtual TransmitProgress Progress => default;
}
