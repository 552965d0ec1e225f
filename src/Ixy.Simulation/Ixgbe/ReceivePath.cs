namespace Ixy.Simulation.Ixgbe;

/// <summary>From the wire through filters, packet buffer and queue selection into host memory (datasheet 7.1).</summary>
internal sealed class ReceivePath : IDisposable
{
    internal ReceivePath(IxgbeCard card) => _ = card;

    /// <summary>Takes frames from the wire and writes them to the rings; true if there was anything to do.</summary>
    internal bool Poll(long now) => now < 0;

    /// <summary>Takes a frame that the card sends to itself (MAC loopback, HLREG0.LPBK).</summary>
    internal void Loopback(ReadOnlySpan<byte> frame) => _ = frame.Length;

    internal void Reset()
    {
    }

    public void Dispose()
    {
    }
}
