using Ixy.Hosting;
using Ixy.Simulation.Wires;

namespace Ixy.Simulation.Cards;

/// <summary>A model of a network card: a PCI function with a port, which is plugged into a wire.</summary>
internal abstract class CardModel(Wire wire) : PciFunctionModel
{
    /// <summary>What the port is plugged into. Owned by the card.</summary>
    internal Wire Wire { get; } = wire;

    /// <summary>
    /// Frames take the time of their bits at 10 Gbit/s, too: where a turn comes in time, that is. Elsewhere they pass
    /// as fast as the machine can move them.
    /// </summary>
    internal bool KeepsLineRate { get; set; }

    /// <summary>Register accesses with names are written here while it is set.</summary>
    internal abstract Action<string>? Trace { get; set; }

    /// <summary>The port has a link, and frames can pass.</summary>
    internal abstract bool LinkIsUp { get; }

    /// <summary>The driver wants frames: it has set up its rings and enabled receiving. For any thread.</summary>
    internal abstract bool IsReceiving { get; }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        Wire.Dispose();
    }
}
