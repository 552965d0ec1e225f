namespace Ixy.Simulation.Wires;

/// <summary>
/// A plug that connects the transmit side to the receive side: what the card sends comes back, in order.
/// </summary>
/// <remarks>Up to 4 MiB may be in flight; what the card sends beyond that is dropped and counted.</remarks>
internal sealed class LoopbackWire(int capacity = FrameRing.DefaultCapacity) : Wire
{
    private readonly FrameRing _ring = new(capacity);

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame, long now)
    {
        Statistics.Received++;
        if (!_ring.TryAdd(frame)) Statistics.Dropped++;
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        errors = FrameErrors.None;
        var frame = _ring.Take();
        if (!frame.IsEmpty) Statistics.Sent++;
        return frame;
    }
}
