using Ixy.Hosting.Turns;

namespace Ixy.Hosting;

/// <summary>
/// Turns on a clock that moves only when told to, on the caller's thread. Devices have a turn every microsecond,
/// software when its last step is over. Turns at the same time are taken in a random order. For one thread at a time.
/// </summary>
/// <param name="seed">Determines the random order.</param>
public sealed class VirtualScheduler(ulong seed) : TurnScheduler
{
    /// <summary>Time from one turn of the devices to the next, in nanoseconds.</summary>
    public const long TurnInterval = 1_000;

    private readonly VirtualClock _clock = new();
    private readonly object _gate = new();
    private readonly List<PciFunctionModel> _models = [];
    private readonly List<VirtualActor> _actors = [];
    private object[] _turns = [];
    private SeededOrder _order = new(seed);
    private long _devicesAt, _interrupts;
    private int _isAdvancing;

    /// <inheritdoc/>
    public override TimeProvider Clock => _clock;

    /// <inheritdoc/>
    public override long Now => _clock.Now;

    /// <summary>Nanoseconds since the scheduler was created.</summary>
    public long Elapsed => _clock.Elapsed;

    internal override void Add(PciFunctionModel model)
    {
        lock (_gate) _models.Add(model);
        Changed();
    }

    internal override void Remove(PciFunctionModel model)
    {
        lock (_gate) _models.Remove(model);
        Changed();
    }

    /// <summary>Gives software its own turns, besides the caller's.</summary>
    /// <param name="turn">Called for each turn; the first is at the present time. It may not advance the clock, or wait
    /// for a model.</param>
    public VirtualActor AddActor(Func<ActorTurn> turn)
    {
        ArgumentNullException.ThrowIfNull(turn);
        var actor = new VirtualActor(this, turn);
        _actors.Add(actor);
        actor.Wake();
        Changed();
        return actor;
    }

    /// <summary>
    /// Advances the clock until a condition is met. The condition is checked at the start, and after all turns at one
    /// time have been taken.
    /// </summary>
    /// <param name="condition">May use devices and queues, but not wait.</param>
    /// <param name="limit">The longest time to advance, including the turns at its end;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns>False if it is not met by then.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The limit is negative.</exception>
    /// <exception cref="InvalidOperationException">
    /// The clock is already being advanced, by another thread or from a turn.
    /// </exception>
    public bool AdvanceUntil(Func<bool> condition, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(condition);
        if (limit != Timeout.InfiniteTimeSpan) ArgumentOutOfRangeException.ThrowIfLessThan(limit, TimeSpan.Zero);
        return AdvanceUntil(condition, VirtualClock.Nanoseconds(limit));
    }

    internal void Remove(VirtualActor actor)
    {
        _actors.Remove(actor);
        Changed();
    }

    internal override void Enter() => Monitor.Enter(_gate);

    internal override void Leave() => Monitor.Exit(_gate);

    internal override void OnInterrupt()
    {
        _interrupts++;
        foreach (var actor in _actors) actor.CardInterrupted();
    }

    internal override bool TryPass(TimeSpan longest)
    {
        long before = _interrupts;
        AdvanceUntil(() => _interrupts != before, VirtualClock.Nanoseconds(longest));
        return true;
    }

    private bool AdvanceUntil(Func<bool> condition, long nanoseconds)
    {
        if (Interlocked.Exchange(ref _isAdvancing, 1) != 0)
        {
            throw new InvalidOperationException(
                "the clock is already being advanced: by another thread, or by an actor that waits in its own turn; "
                + "expected one at a time");
        }
        try
        {
            long end = Now + nanoseconds;
            while (!condition())
            {
                if (Now >= end) return false;
                Step(end);
            }
            return true;
        }
        finally
        {
            Volatile.Write(ref _isAdvancing, 0);
        }
    }

    // Advances to the next time at which anyone has a turn, and runs those turns.
    private void Step(long end)
    {
        // Devices never have two turns at the same time, even if a device was opened in between.
        if (_devicesAt <= Now) _devicesAt = (Now / TurnInterval + 1) * TurnInterval;
        long now = Math.Min(end, Math.Min(_devicesAt, _clock.FiresAt));
        foreach (var actor in _actors) now = Math.Min(now, actor.DueAt);
        now = _clock.Now = Math.Max(now, Now);
        _clock.FireTimers();
        if (now == _devicesAt || _actors.Count > 1) _order.Shuffle<object>(_turns);
        // Devices and actors may come and go during a turn; the next draw takes that into account.
        foreach (object turn in _turns)
        {
            if (turn is VirtualActor actor)
            {
                if (actor.DueAt <= now) actor.TakeTurn(now);
            }
            else if (now == _devicesAt)
            {
                GiveTurn((PciFunctionModel)turn, now);
            }
        }
        if (now != _devicesAt) return;
        foreach (var actor in _actors) actor.CardHadTurn(now);
    }

    private void GiveTurn(PciFunctionModel model, long now)
    {
        lock (_gate)
        {
            model.Poll(now);
            model.Dma.EndTurn();
        }
    }

    private void Changed() => _turns = [.. _models, .. _actors];
}
