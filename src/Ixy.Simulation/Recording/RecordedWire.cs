using Ixy.Simulation.Wires;

namespace Ixy.Simulation.Recording;

/// <summary>A wire whose frames are recorded. The card plugged into it finds its recorder here.</summary>
internal sealed class RecordedWire(Wire wire, CardRecorder recorder) : Wire(wire.Statistics)
{
    internal CardRecorder Recorder => recorder;

    public override bool HasSignal => wire.HasSignal;

    public override bool LeadsOut => wire.LeadsOut;

    internal override bool WritesFile => wire.WritesFile;

    public override string? Fault => wire.Fault;

    public override bool WaitsForRoom => wire.WaitsForRoom;

    public override void StopSending() => wire.StopSending();

    public override void StartSending() => wire.StartSending();

    internal override void FillDisk() => wire.FillDisk();

    public override void Send(ReadOnlySpan<byte> frame, long now)
    {
        recorder.FramePassed(isSent: true, frame, FrameErrors.None);
        wire.Send(frame, now);
    }

    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        var frame = wire.Receive(now, out errors);
        if (!frame.IsEmpty) recorder.FramePassed(isSent: false, frame, errors);
        return frame;
    }

    public override void Dispose()
    {
        wire.Dispose();
        base.Dispose();
    }
}
