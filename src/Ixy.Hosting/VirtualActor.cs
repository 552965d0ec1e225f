namespace Ixy.Hosting;

/// <summary>What an actor did in its turn, and when its next one is.</summary>
public readonly record struct ActorTurn
{
    private ActorTurn(long nanoseconds, ActorState state) => (Nanoseconds, State) = (nanoseconds, state);

    /// <summary>
    /// It sleeps until a device interrupts or <see cref="VirtualActor.Wake"/> is called.
    /// </summary>
    public static ActorTurn Asleep => new(0, ActorState.Asleep);

    /// <summary>Until its next turn; of an idle actor, from one poll to the next.</summary>
    internal long Nanoseconds { get; }

    internal ActorState State { get; }

    /// <summary>It did something that took so long; its next turn is then.</summary>
    /// <param name="nanoseconds">1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">It takes no time: then time would stand still.</exception>
    public static ActorTurn Busy(long nanoseconds) => new(Check(nanoseconds), ActorState.Busy);

    /// <summary>
    /// It found no work and gave the devices none. It polls again after this time; polls are skipped until a device has
    /// had a turn, since they could find nothing either.
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
/// A piece of software in a virtual world, such as the loop of a forwarder: it has turns, as a thread has time on a
/// core of its own. In a turn it may do all that a driver does, but not wait. Dispose it before the devices that it
/// uses: closing one takes time, in which it would have turns.
/// </summary>
public sealed class VirtualActor : IDisposable
{
    private readonly VirtualScheduler _scheduler;
    private readonly Func<ActorTurn> _turn;
    private ActorTurn _last;
    private long _polledAt;
    private bool _isInTurn, _isWoken;

    internal VirtualActor(VirtualScheduler scheduler, Func<ActorTurn> turn) => (_scheduler, _turn) = (scheduler, turn);

    /// <summary>When its next turn is, if nothing happens before.</summary>
    internal long DueAt { get; private set; }

    /// <summary>Its next turn is as soon as the world goes on. For the thread that advances the world.</summary>
    public void Wake()
    {
        // One that is about to sleep in this very turn, as an interrupt that it asks for may come at once.
        if (_isInTurn) _isWoken = true;
        else DueAt = _scheduler.Now;
    }

    /// <summary>It has no turn any more.</summary>
    public void Dispose() => _scheduler.Remove(this);

    /// <summary>Gives it its turn.</summary>
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

    /// <summary>A device has had a turn: the first poll behind it may find something.</summary>
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
