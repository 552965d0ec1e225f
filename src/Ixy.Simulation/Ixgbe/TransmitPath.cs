namespace Ixy.Simulation.Ixgbe;

/// <summary>From descriptor rings in host memory through offloads to the wire (datasheet 7.2).</summary>
internal sealed class TransmitPath : IDisposable
{
    internal TransmitPath(IxgbeCard card) => _ = card;

    /// <summary>Fetches descriptors and sends; true if there was anything to do.</summary>
    internal bool Poll(long now) => now < 0;

    internal void Reset()
    {
    }

    public void Dispose()
    {
    }
}
