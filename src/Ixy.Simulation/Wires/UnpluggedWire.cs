namespace Ixy.Simulation.Wires;

/// <summary>No wire: the port is empty, and the card's link stays down.</summary>
internal sealed class UnpluggedWire : Wire
{
    /// <inheritdoc/>
    public override bool HasSignal => false;

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame, long now)
    {
        Statistics.Received++;
        Statistics.Dropped++;
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        errors = FrameErrors.None;
        return [];
    }
}
