using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>What a loop did while it was measured.</summary>
internal readonly record struct LoopFigures(long Packets, TimeSpan Elapsed, long AllocatedBytes, int Collections);

/// <summary>
/// A thread with a core of its own that moves packets round by round: at first unmeasured, then measured, and in the
/// end until nothing is on the way any more.
/// </summary>
internal abstract class PacketLoop : IDisposable
{
    private static readonly TimeSpan s_quietTime = TimeSpan.FromMilliseconds(50), s_longestDrain = TimeSpan.FromSeconds(1);

    private readonly NetworkDevice[] _devices;
    private readonly Thread _thread;
    private volatile Phase _phase;
    private Exception? _failure;

    protected PacketLoop(params NetworkDevice[] devices)
    {
        _devices = devices;
        Dropped = new long[devices.Length];
        _thread = new Thread(Run) { Name = "packets" };
    }

    private enum Phase
    {
        Unmeasured,
        Measured,
        Draining,
        Ended,
    }

    /// <summary>Set when the measured part is over, for whatever reason.</summary>
    internal ManualResetEventSlim MeasurementOver { get; } = new();

    /// <summary>What was measured; read it after <see cref="Finish"/>.</summary>
    internal LoopFigures Figures { get; private set; }

    /// <summary>All that was on the way has arrived; read it after <see cref="Finish"/>.</summary>
    internal bool RanDry { get; private set; }

    /// <summary>Packets per device that still waited for room in its transmit ring at the end. The loop writes, anybody may read.</summary>
    internal long[] Dropped { get; }

    /// <summary>Moves at most a batch each way; the number of packets sent.</summary>
    protected abstract int Round();

    /// <summary>A round before and after the measurement: nothing is sent but what arrived. The number of packets moved.</summary>
    protected virtual int PassiveRound() => Round();

    /// <summary>Packets wait for room in a transmit ring.</summary>
    protected virtual bool HoldsPackets => false;

    /// <summary>Frees what still waits, and counts it as dropped; called once, at the end.</summary>
    protected virtual void GiveBack()
    {
    }

    /// <summary>Starts the thread.</summary>
    internal void Start() => _thread.Start();

    /// <summary>From now on everything counts.</summary>
    internal void Measure() => Advance(Phase.Measured);

    /// <summary>The end of the measured part.</summary>
    internal void StopMeasuring() => Advance(Phase.Draining);

    /// <summary>Waits until what is on the way has arrived, and ends the thread.</summary>
    /// <remarks>What the thread threw is thrown here.</remarks>
    internal void Finish()
    {
        StopMeasuring();
        _thread.Join();
        if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
    }

    /// <summary>Ends the thread at once, wherever it is.</summary>
    public void Dispose()
    {
        Advance(Phase.Ended);
        if (_thread.ThreadState != System.Threading.ThreadState.Unstarted) _thread.Join();
        MeasurementOver.Dispose();
    }

    private void Run()
    {
        try
        {
            ThreadPlacement.PinToFirstCore();
            while (_phase == Phase.Unmeasured) PassiveRound();
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            // A collection of any generation counts in generation 0.
            int collections = GC.CollectionCount(0);
            long start = Stopwatch.GetTimestamp();
            long packets = RunMeasured();
            Figures = new(packets, Stopwatch.GetElapsedTime(start), GC.GetAllocatedBytesForCurrentThread() - allocated,
                GC.CollectionCount(0) - collections);
            MeasurementOver.Set();
            Drain();
            GiveBack();
        }
        catch (Exception error)
        {
            _failure = error;
            MeasurementOver.Set();
        }
    }

    private long RunMeasured()
    {
        long packets = 0;
        while (_phase == Phase.Measured) packets += Round();
        return packets;
    }

    private void Drain()
    {
        long start = Stopwatch.GetTimestamp(), lastPacket = start;
        while (_phase == Phase.Draining && Stopwatch.GetElapsedTime(start) < s_longestDrain)
        {
            if (PassiveRound() > 0) lastPacket = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(lastPacket) > s_quietTime && IsDrained()) RanDry = true;
            if (RanDry) return;
        }
    }

    private bool IsDrained() => !HoldsPackets && _devices.All(device => device.TransmitQueues.All(queue => queue.IsDrained));

    // Only ever forward.
    private void Advance(Phase phase)
    {
        if (_phase < phase) _phase = phase;
    }
}
