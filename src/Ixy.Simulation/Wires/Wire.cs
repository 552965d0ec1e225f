namespace Ixy.Simulation.Wires;

/// <summary>What is wrong with a frame that arrives; the frame's bytes come without the 4-byte FCS.</summary>
[Flags]
public enum FrameErrors
{
    /// <summary>A good frame.</summary>
    None = 0,

    /// <summary>The FCS does not match.</summary>
    Crc = 1,

    /// <summary>The PHY saw an illegal symbol in it.</summary>
    Symbol = 2,
}

/// <summary>Frames that passed through a wire, seen from outside the card, and what a checker found.</summary>
public sealed class WireStatistics
{
    /// <summary>Frames sent towards the card.</summary>
    public long Sent { get; internal set; }

    /// <summary>Frames that came from the card.</summary>
    public long Received { get; internal set; }

    /// <summary>
    /// Frames of generators that were lost on their way (generator only). For this generator: frames sent that have not
    /// come out of any card of this process; while frames are in flight, they count as lost until they arrive. But if
    /// they may have left for somewhere this process cannot see (<see cref="Wire.LetFramesLeave"/>), they count only
    /// once one has come back. For a generator of another process: frames missing among those that arrived here.
    /// </summary>
    public long Lost
    {
        get
        {
            // In this order: a read while one more is sent must not look as if one had come back.
            long sent = Sent;
            Interlocked.MemoryBarrier();
            long missing = Missing;
            return Gaps + (MayLeave && !HasReturned && missing >= sent ? 0 : missing);
        }
    }

    /// <summary>Frames that arrived after one with a higher number (generator only).</summary>
    public long Reordered { get; internal set; }

    /// <summary>Frames that arrived more than once (generator only).</summary>
    public long Duplicated { get; internal set; }

    /// <summary>Frames that arrived changed (generator only).</summary>
    public long Corrupted { get; internal set; }

    /// <summary>Frames from the card that no generator of this or another process sent (generator only).</summary>
    public long Foreign { get; internal set; }

    /// <summary>
    /// Frames from the card that the other side of the wire did not take (a full TAP or cable queue, a full disk).
    /// </summary>
    public long Dropped { get; internal set; }

    /// <summary>Sent by this generator, and not arrived at any of this process.</summary>
    internal long Missing { get; set; }

    /// <summary>Not arrived here, although others of the same generator did, before and after them.</summary>
    internal long Gaps { get; set; }

    /// <summary>See <see cref="Wire.LetFramesLeave"/>.</summary>
    internal bool MayLeave { get; set; }

    /// <summary>A frame that was sent came back, in whatever form.</summary>
    internal bool HasReturned { get; set; }
}

/// <summary>
/// What the port of a simulated card is plugged into. All members are called by the card's device thread only.
/// Frames carry no preamble and no FCS; 60 to 15,996 bytes are usual, but a wire may deliver any length.
/// </summary>
public abstract class Wire : IDisposable
{
    /// <summary>Creates a wire with counters at zero.</summary>
    protected Wire() : this(new())
    {
    }

    /// <summary>Creates a wire that shares another's counters.</summary>
    private protected Wire(WireStatistics statistics) => Statistics = statistics;

    /// <summary>
    /// Counted from outside the card. Values may be read from any thread; they are exact once the card stands still.
    /// </summary>
    public WireStatistics Statistics { get; }

    /// <summary>A signal is present: the far end is there. A card's link cannot come up without it.</summary>
    public virtual bool HasSignal => true;

    /// <summary>What comes from the card leaves this process: to the kernel, or into a file.</summary>
    public virtual bool LeadsOut => false;

    /// <summary>What comes from the card is written to a file.</summary>
    internal virtual bool WritesFile => false;

    /// <summary>
    /// Why the wire has stopped working, in one sentence; null while it works. May be read from any thread.
    /// </summary>
    public virtual string? Fault { get; private protected set; }

    /// <summary>
    /// Stops the far end from sending of its own accord; it still takes what the card sends. May be called from any
    /// thread. Does nothing on wires whose far end only answers or passes on.
    /// </summary>
    public virtual void StopSending()
    {
    }

    /// <summary>
    /// Undoes <see cref="StopSending"/>: the far end continues sending. May be called from any thread.
    /// </summary>
    public virtual void StartSending()
    {
    }

    /// <summary>There is no room for more in that file, from now on.</summary>
    internal virtual void FillDisk()
    {
        // It writes none.
    }

    /// <summary>
    /// What the far end sends may be forwarded to where this process cannot see it: another process's card, a real one,
    /// a file. Call it before it sends. See <see cref="WireStatistics.Lost"/>.
    /// </summary>
    public void LetFramesLeave() => Statistics.MayLeave = true;

    /// <summary>
    /// The far end sends only what the card has room for, as if it obeyed flow control: nothing is taken from it while
    /// frames wait in the card's packet buffer. Other wires send at any time, and frames that find no room are missed.
    /// </summary>
    public virtual bool WaitsForRoom => false;

    /// <summary>Takes a frame that the card sends.</summary>
    /// <param name="frame">Destination address to the last payload byte; valid during the call.</param>
    /// <param name="now">The device's clock in nanoseconds.</param>
    public abstract void Send(ReadOnlySpan<byte> frame, long now);

    /// <summary>The next frame that has arrived; empty if there is none. Valid until the next call.</summary>
    /// <param name="now">The device's clock in nanoseconds.</param>
    /// <param name="errors">What is wrong with the frame.</param>
    public abstract ReadOnlySpan<byte> Receive(long now, out FrameErrors errors);

    /// <summary>Releases what the wire holds.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}
