namespace Ixy.Hosting;

/// <summary>What an actor did in its turn, and when its next turn is.</summary>
public readonly record struct ActorTurn
{
    private ActorTurn(long nanoseconds, ActorState state) => (Nanoseconds, State) = (nanoseconds, state);

    /// <summary>It sleeps until a device interrupts or <see cref="VirtualActor.Wake"/> is called.</summary>
    public static ActorTurn Asleep => new(0, ActorState.Asleep);

    /// <summary>Time until its next turn; for an idle actor, from one poll to the next.</summary>
    internal long Nanoseconds { get; }

    internal ActorState State { get; }

    /// <summary>It did something that took this long; its next turn is then.</summary>
    /// <param name="nanoseconds">1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not positive: time would stand still.</exception>
    public static ActorTurn Busy(long nanoseconds) => new(Check(nanoseconds), ActorState.Busy);

    /// <summary>
    /// It found no work and gave the devices none. It polls again after this time; polls are skipped until a device has
    /// had a turn, because they would find nothing either.
    /// </summary>
    /// <param name="nanoseconds">1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">As for <see cref="Busy"/>.</exception>
    public static ActorTurn Idle(long nanoseconds) => new(Check(nanoseconds), ActorState.Idle);

    private static long Check(long nanoseconds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nanoseconds, 1);
        return nanoseconds;
    }
}

internal enum ActorState
{
    Asleep,
    Busy,
    Idle,
}

/// <summary>
/// A piece of software in a virtual world, such as the loop of a forwarder: it gets turns, as a thread gets time on its
/// own core. In a turn it may do everything a driver does, except wait. Dispose it before the devices it uses: closing
/// one takes time, during which the actor would get turns.
/// </summary>
public sealed class VirtualActor : IDisposable
{
    private readonly VirtualScheduler _scheduler;
    private readonly Func<ActorTurn> _turn;
    private ActorTurn _last;
    private long _polledAt;
    private bool _isInTurn, _isWoken;

    internal VirtualActor(VirtualScheduler scheduler, Func<ActorTurn> turn) => (_scheduler, _turn) = (scheduler, turn);

    /// <summary>When its next turn is, if nothing happens before that.</summary>
    internal long DueAt { get; private set; }

    /// <summary>
    /// Makes its next turn due as soon as the world advances. For the thread that advances the world.
    /// </summary>
    public void Wake()
    {
        // Even if it is about to sleep in this very turn, because an interrupt that it requests may come at once.
        if (_isInTurn) _isWoken = true;
        else DueAt = _scheduler.Now;
    }

    /// <summary>It gets no more turns.</summary>
    public void Dispose() => _scheduler.Remove(this);

    /// <summary>Runs its turn.</summary>
    internal void TakeTurn(long now)
    {
        (_isInTurn, _isWoken, _polledAt) = (true, false, now);
        try
        {
            _last = _turn();
        }
        finally
        {
            _isInTurn = false;
        }
        DueAt = _last.State == ActorState.Busy ? now + _last.Nanoseconds : _isWoken ? now : long.MaxValue;
    }

    /// <summary>A device has had a turn: the next poll may find something.</summary>
    internal void CardHadTurn(long now)
    {
        if (_last.State != ActorState.Idle || DueAt != long.MaxValue) return;
        long period = _last.Nanoseconds;
        DueAt = _polledAt + ((now - _polledAt) / period + 1) * period;
    }

    /// <summary>A device has interrupted.</summary>
    internal void CardInterrupted()
    {
        if (_isInTurn || _last.State == ActorState.Asleep) Wake();
    }
}
