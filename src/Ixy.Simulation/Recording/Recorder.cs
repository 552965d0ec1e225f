namespace Ixy.Simulation.Recording;

/// <summary>
/// Records what happens to simulated cards: register accesses, DMA, doorbells, frames, interrupts, the link, and rules
/// broken by the driver, in order and with their times. Give it to <see cref="VirtualWorld(ulong, Recorder?)"/>, or to
/// <see cref="SimulatedCards.Recorder"/> for cards in real time.
/// </summary>
/// <remarks>
/// A card without a recorder pays nothing. With one, every access is a call, even doorbells, and each walks the
/// caller's stack: in real time that is some ten times slower. Thread-safe.
/// </remarks>
public sealed class Recorder
{
    /// <summary>How many events a recorder keeps by default.</summary>
    public const int DefaultLimit = 20_000;

    /// <summary>How many bytes of a frame are kept.</summary>
    public const int FrameBytes = 128;

    private readonly Lock _lock = new();
    private readonly List<RecordedEvent> _events = [];
    private readonly List<string> _cards = [];
    private readonly List<RecordedRing> _rings = [];
    private readonly List<RecordedFrame> _frames = [];
    private readonly Dictionary<string, RecordedFrame> _framesByContent = [];
    private readonly CallSites _sites = new();
    private readonly Dictionary<ulong, (RecordedRing Ring, uint Index)> _buffers = [];
    private readonly bool _keeps = true;
    private int _ringsSeen;
    private long _start = -1;

    /// <summary>Creates an empty recorder.</summary>
    /// <param name="limit">After this many events, 1 or more, the recorder only counts.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is zero or negative.</exception>
    public Recorder(int limit = DefaultLimit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        Limit = limit;
    }

    private Recorder(Action<RecordedEvent> added) : this(int.MaxValue) => (_keeps, Added) = (false, added);

    /// <summary>
    /// Creates a recorder that passes each event on and keeps none, so a run may be as long as it likes: its memory
    /// does not grow with the events. It has no film.
    /// </summary>
    /// <param name="added">Called with each event, like <see cref="Added"/>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="added"/> is null.</exception>
    public static Recorder PassingOn(Action<RecordedEvent> added)
    {
        ArgumentNullException.ThrowIfNull(added);
        return new(added);
    }

    /// <summary>How many events are kept; <see cref="int.MaxValue"/> if they are only passed on.</summary>
    public int Limit { get; }

    /// <summary>
    /// Called with each event that is kept or passed on, on the thread that causes it. It must not use cards.
    /// </summary>
    public Action<RecordedEvent>? Added { get; set; }

    /// <summary>Called once, when the limit is reached, like <see cref="Added"/>.</summary>
    public Action? Filled { get; set; }

    /// <summary>How many events came after the limit.</summary>
    public long LeftOut { get; private set; }

    /// <summary>The events so far, oldest first; empty if they are only passed on.</summary>
    public IReadOnlyList<RecordedEvent> Events
    {
        get
        {
            lock (_lock) return [.. _events];
        }
    }

    /// <summary>The cards' specifiers, in the order of opening.</summary>
    public IReadOnlyList<string> Cards
    {
        get
        {
            lock (_lock) return [.. _cards];
        }
    }

    internal IReadOnlyList<RecordedRing> Rings => _rings;

    internal IReadOnlyList<RecordedFrame> Frames => _frames;

    internal IReadOnlyCollection<CallSite> Sites => _sites.All;

    /// <summary>Records the events of one more card.</summary>
    internal CardRecorder AddCard(string specifier, Hosting.TurnScheduler scheduler)
    {
        lock (_lock)
        {
            if (_start < 0) _start = scheduler.Now;
            _cards.Add(specifier);
            return new CardRecorder(this, _cards.Count - 1, scheduler, _start);
        }
    }

    internal void Add(RecordedEvent happened)
    {
        bool isLast;
        lock (_lock)
        {
            if (_events.Count == Limit)
            {
                LeftOut++;
                return;
            }
            if (_keeps) _events.Add(happened);
            isLast = _events.Count == Limit;
            Added?.Invoke(happened);
        }
        if (isLast) Filled?.Invoke();
    }

    internal RecordedRing AddRing(int card, RingKind kind, int number, ulong address, uint count)
    {
        lock (_lock)
        {
            var ring = new RecordedRing(_ringsSeen++, card, kind, number, address, count);
            if (_keeps) _rings.Add(ring);
            return ring;
        }
    }

    internal RecordedFrame AddFrame(ReadOnlySpan<byte> frame)
    {
        byte[] kept = frame[..Math.Min(frame.Length, FrameBytes)].ToArray();
        if (!_keeps) return new RecordedFrame(0, frame.Length, kept);
        string content = $"{frame.Length} {Convert.ToBase64String(kept)}";
        lock (_lock)
        {
            if (_framesByContent.TryGetValue(content, out var known)) return known;
            var added = new RecordedFrame(_frames.Count, frame.Length, kept);
            // Events after the limit are not kept.
            if (_events.Count == Limit) return added;
            _frames.Add(added);
            _framesByContent.Add(content, added);
            return added;
        }
    }

    internal CallSite? FindCaller()
    {
        lock (_lock) return _events.Count == Limit ? null : _sites.Here();
    }

    /// <summary>
    /// The descriptor with which the card got a buffer that it has not given back; it has the buffer now.
    /// </summary>
    internal (RecordedRing Ring, uint Index)? Take(ulong buffer, RecordedRing ring, uint index)
    {
        lock (_lock)
        {
            var holder = _buffers.TryGetValue(buffer, out var other) && other != (ring, index) ? other : default;
            _buffers[buffer] = (ring, index);
            return holder.Ring is null ? null : holder;
        }
    }

    /// <summary>The card has given a descriptor back, and its buffer with it.</summary>
    internal void GiveBack(ulong buffer, RecordedRing ring, uint index)
    {
        lock (_lock)
        {
            if (_buffers.TryGetValue(buffer, out var holder) && holder == (ring, index)) _buffers.Remove(buffer);
        }
    }

    /// <summary>A ring is gone, and all buffers in it belong to the driver.</summary>
    internal void GiveBackAll(RecordedRing ring)
    {
        lock (_lock)
        {
            foreach (var (buffer, _) in _buffers.Where(held => held.Value.Ring == ring).ToList())
                _buffers.Remove(buffer);
        }
    }
}
