using Ixy.Simulation.Wires;

namespace Ixy.Labs.Grader;

/// <summary>
/// What a card of an exercise is plugged into: frames arrive at set times, and those it sends are kept.
/// </summary>
internal sealed class LabWire : Wire
{
    private readonly Queue<(long At, byte[] Frame)> _coming = [];

    /// <summary>What the card has sent, with times.</summary>
    internal List<(long At, byte[] Frame)> Sent { get; } = [];

    /// <summary>Frames that the card has taken.</summary>
    internal int Arrived { get; private set; }

    public override bool HasSignal => IsPlugged;

    /// <summary>The cable is plugged in. Without it nothing leaves the card.</summary>
    internal bool IsPlugged { get; set; } = true;

    /// <summary>Schedules a frame to arrive at a time of the world's clock; not before those added earlier.</summary>
    internal void Add(long at, byte[] frame) => _coming.Enqueue((at, frame));

    public override void Send(ReadOnlySpan<byte> frame, long now) => Sent.Add((now, frame.ToArray()));

    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        errors = FrameErrors.None;
        if (!_coming.TryPeek(out var next) || next.At > now) return default;
        _coming.Dequeue();
        Arrived++;
        return next.Frame;
    }
}
