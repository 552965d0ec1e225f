using Ixy.Simulation.Wires;

namespace Ixy.Fuzz;

/// <summary>Delivers the input's frames to a card, and reads everything the card sends.</summary>
internal sealed class InputWire : Wire
{
    private readonly Queue<byte[]> _frames = [];

    internal void Deliver(byte[] frame) => _frames.Enqueue(frame);

    public override void Send(ReadOnlySpan<byte> frame, long now)
    {
        // Reads every byte, so all must be accessible.
        byte sum = 0;
        foreach (byte each in frame) sum += each;
        LastSum = sum;
    }

    internal byte LastSum { get; private set; }

    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        errors = FrameErrors.None;
        return _frames.TryDequeue(out byte[]? frame) ? frame : [];
    }
}
