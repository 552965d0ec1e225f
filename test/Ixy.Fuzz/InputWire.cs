using Ixy.Simulation.Wires;

namespace Ixy.Fuzz;

/// <summary>Brings a card the frames that the input has, and reads all that it sends.</summary>
internal sealed class InputWire : Wire
{
    private readonly Queue<byte[]> _frames = [];

    internal void Deliver(byte[] frame) => _frames.Enqueue(frame);

    public override void Send(ReadOnlySpan<byte> frame, long now)
    {
        // Every byte is looked at: it must be there.
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
