using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>
/// What a loop did while it was measured. Memory is not measured in virtual time, where others allocate on the same
/// thread.
/// </summary>
internal readonly record struct LoopFigures(long Packets, TimeSpan Elapsed, long? AllocatedBytes, int? Collections);

/// <summary>
/// A thread with its own core and queues that moves packets round by round: first unmeasured, then measured, and
/// finally until nothing is in flight any more.
/// </summary>
/// <param name="transmitQueues">The queues it sends on.</param>
internal abstract partial class PacketLoop(params TransmitQueue[] transmitQueues) : IDisposable
{
    // If threads share a core, each yields it after this many busy rounds: some tens of microseconds.
    private const uint RoundsAtOnce = 64;
    private static readonly TimeSpan s_quietTime = TimeSpan.FromMilliseconds(50),
        s_longestDrain = TimeSpan.FromSeconds(1);

    private PinnedWorker? _worker;
    private LoopGroup? _group;
    private volatile Phase _phase;

    private enum Phase
    {
        Unmeasured,
        Measured,
        Draining,
        Ended,
    }

    /// <summary>What was measured; read it when the loop has ended.</summary>
    internal LoopFigures Figures { get; private set; }

    /// <summary>Everything in flight has arrived; read it when the loop has ended.</summary>
    internal bool RanDry { get; private set; }

    /// <summary>
    /// Transmit queues from which nothing left while the loop drained (or before, so that it gave up); read it when the
    /// loop has ended.
    /// </summary>
    internal IReadOnlyList<TransmitQueue> Stuck { get; private set; } = [];

    /// <summary>
    /// Moves at most one batch in each direction; returns the number of packets sent, including those dropped because
    /// they cannot be sent.
    /// </summary>
    protected abstract int Round();

    /// <summary>
    /// A round before or after the measurement: only packets that arrived are sent. Returns the number of packets
    /// moved.
    /// </summary>
    protected virtual int PassiveRound() => Round();

    /// <summary>Packets are waiting for room in a transmit ring.</summary>
    protected virtual bool HoldsPackets => false;

    /// <summary>
    /// Frees packets that are still waiting, and counts them as dropped (<see cref="CountDropped"/>); called once, at
    /// the end.
    /// </summary>
    protected virtual void GiveBack()
    {
    }

    /// <summary>Packets that waited in vain for room in a device's transmit ring.</summary>
    protected void CountDropped(int device, int packets) => Interlocked.Add(ref _group!.Dropped[device], packets);

    /// <summary>There was nothing to do in the last round: yields the core until there may be again.</summary>
    protected virtual void Rest(PinnedWorker worker) => worker.GiveWay();

    /// <summary>Ends a rest. For any thread.</summary>
    protected virtual void Wake()
    {
        // A loop that only yields is back in a moment.
    }

    /// <summary>Starts the thread.</summary>
    internal void Start(string name, int core, LoopGroup group)
    {
        _group = group;
        _worker = PinnedWorker.Start(name, core, Run);
    }

    /// <summary>Starts the measured part.</summary>
    internal void Measure() => Advance(Phase.Measured);

    /// <summary>Ends the measured part.</summary>
    internal void StopMeasuring() => Advance(Phase.Draining);

    /// <summary>Waits until the thread has ended; throws what it threw.</summary>
    internal void Join() => _worker?.Join();

    /// <summary>Ends the thread at once, wherever it is.</summary>
    public virtual void Dispose()
    {
        Advance(Phase.Ended);
        _worker?.Dispose();
        _actor?.Dispose();
    }

    private void Run(PinnedWorker worker)
    {
        try
        {
            // One-time allocations of a thread are not measured: caches of free buffers, when the first are returned,
            // and whatever else a first round does.
            PacketPool.Free([]);
            do
            {
                if (PassiveRound() == 0) Rest(worker);
            }
            while (_phase == Phase.Unmeasured);
            RunMeasured(worker);
            _group!.MeasurementOver.Set();
            if (!_group.HasLost) Drain(worker);
        }
        catch (PciDeviceException error) when (_group!.TryLose(error))
        {
            // What was moved until then is in the report.
        }
        finally
        {
            _group!.MeasurementOver.Set();
        }
        GiveBack();
    }

    private void RunMeasured(PinnedWorker worker)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        // A collection of any generation counts in generation 0.
        int collections = GC.CollectionCount(0);
        long refused = CountRefused();
        long start = Clock.GetTimestamp();
        long packets = 0;
        try
        {
            for (uint round = 0; _phase == Phase.Measured; round++)
            {
                int moved = Round();
                packets += moved;
                if (moved == 0) Rest(worker);
                else if (round % RoundsAtOnce == 0) worker.GiveWay();
            }
        }
        finally
        {
            // Also where a card has gone.
            Figures = new(
                packets - (CountRefused() - refused), Clock.GetElapsedTime(start),
                GC.GetAllocatedBytesForCurrentThread() - allocated,
                GC.CollectionCount(0) - collections);
        }
    }

    private void Drain(PinnedWorker worker)
    {
        // It gave up: do not wait again for packets that have already failed to leave.
        if (Stuck.Count > 0) return;
        var drain = new DrainRounds(this);
        while (_phase == Phase.Draining && !drain.AreOver)
        {
            if (drain.Next() == 0 && !drain.AreOver) worker.GiveWay();
        }
        drain.End();
    }

    private long CountRefused()
    {
        long refused = 0;
        foreach (var queue in transmitQueues) refused += queue.Dropped;
        return refused;
    }

    private bool IsDrained() => !HoldsPackets && transmitQueues.All(queue => queue.IsDrained);

    // Only ever forward.
    private void Advance(Phase phase)
    {
        if (_phase < phase)
        {
            _phase = phase;
            if (_actor is not null) NoteTime(phase);
        }
        Wake();
        // A thread that is awake checks the phase in its next turn anyway.
        if (_isAsleep) _actor!.Wake();
    }

    private TransmitQueue[] TransmitQueues => transmitQueues;

    private TimeProvider Clock => _group!.Clock;

    /// <summary>
    /// Rounds that only send what arrived, until nothing is in flight any more, or that takes too long.
    /// </summary>
    private sealed class DrainRounds(PacketLoop loop)
    {
        private readonly TransmitWatch _watch = new(loop.TransmitQueues, loop.Clock);
        private readonly long _start = loop.Clock.GetTimestamp();
        private long _lastPacket = loop.Clock.GetTimestamp();

        internal bool AreOver => loop.RanDry || loop._group!.HasLost || Since(_start) >= s_longestDrain;

        /// <summary>The next round; returns the number of packets moved.</summary>
        internal int Next()
        {
            // Before the round: the thread may be preempted for long after it has looked, and packets may come then.
            // The time alone says nothing if a simulated card has to wait for a core.
            bool isQuiet = Since(_lastPacket) > s_quietTime && !loop._group!.CardsHoldFrames;
            int moved = loop.PassiveRound();
            if (moved > 0) _lastPacket = loop.Clock.GetTimestamp();
            else if (isQuiet && loop.IsDrained()) loop.RanDry = true;
            if (!loop.RanDry) _watch.Look();
            return moved;
        }

        internal void End()
        {
            // A loop that gave up knows already; and nobody waited for a card that is gone.
            if (loop.Stuck.Count == 0 && !loop.RanDry && !loop._group!.HasLost) loop.Stuck = _watch.Stuck;
        }

        private TimeSpan Since(long time) => loop.Clock.GetElapsedTime(time);
    }
}
