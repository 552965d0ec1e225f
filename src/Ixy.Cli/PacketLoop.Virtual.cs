using Ixy.Hosting;
using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli;

// The same loop in virtual time: a turn in the world is a round, and takes as long as its packets cost.
internal abstract partial class PacketLoop
{
    private VirtualActor? _actor;
    private VirtualTime? _costs;
    private Phase _stage;
    private DrainRounds? _drain;
    private long _packets, _refusedBefore, _measuredTo;
    private long? _measuredFrom;
    private bool _isAsleep;

    /// <summary>In virtual time: the loop is over.</summary>
    internal bool HasEnded => _stage == Phase.Ended;

    /// <summary>A round may find something to do just because time passes, and not only because of a card.</summary>
    protected virtual bool FollowsClock => false;

    /// <summary>There was nothing to do in the last round: arms interrupts; false if it keeps polling.</summary>
    protected virtual bool TryBeginSleep() => false;

    /// <summary>While it sleeps: a card has interrupted.</summary>
    protected virtual bool HasFired() => true;

    /// <summary>It goes back to polling.</summary>
    protected virtual void EndSleep()
    {
    }

    /// <summary>Takes turns in a world, instead of running on a thread.</summary>
    internal void Start(VirtualWorld world, VirtualTime costs, LoopGroup group)
    {
        (_group, _costs) = (group, costs);
        PacketPool.Free([]);
        _actor = world.AddActor(TakeTurn);
    }

    private ActorTurn TakeTurn()
    {
        try
        {
            return TakeTurnWithCards();
        }
        catch (PciDeviceException error) when (_group!.TryLose(error))
        {
            // The sleep is over, and has left nothing behind.
            _isAsleep = false;
            if (_stage == Phase.Draining) End();
            return ActorTurn.Busy(_costs!.PollTime);
        }
    }

    private ActorTurn TakeTurnWithCards()
    {
        if (_isAsleep) return WakeUp();
        FollowPhase();
        if (HasEnded) return ActorTurn.Asleep;
        int moved = NextRound();
        if (_stage == Phase.Draining && (Stuck.Count > 0 || _drain!.AreOver)) End();
        if (moved > 0) return ActorTurn.Busy(_costs!.PollTime + moved * _costs.PacketTime);
        if (_stage < Phase.Draining && TryBeginSleep())
        {
            _isAsleep = true;
            return ActorTurn.Asleep;
        }
        return FollowsClock ? ActorTurn.Busy(_costs!.PollTime) : ActorTurn.Idle(_costs!.PollTime);
    }

    private ActorTurn WakeUp()
    {
        // Most likely another loop's card.
        if (!HasFired() && _phase == _stage) return ActorTurn.Asleep;
        _isAsleep = false;
        EndSleep();
        return ActorTurn.Busy(_costs!.WakeTime);
    }

    private int NextRound()
    {
        if (_stage == Phase.Unmeasured) return PassiveRound();
        if (_stage == Phase.Draining) return _drain!.Next();
        int moved = Round();
        _packets += moved;
        return moved;
    }

    private void FollowPhase()
    {
        if (_stage == _phase) return;
        if (_stage == Phase.Unmeasured) _refusedBefore = CountRefused();
        _stage = _phase;
        if (_stage != Phase.Draining) return;
        // Without a start nothing was measured.
        var elapsed = Clock.GetElapsedTime(_measuredFrom ?? _measuredTo, _measuredTo);
        Figures = new(_packets - (CountRefused() - _refusedBefore), elapsed, AllocatedBytes: null, Collections: null);
        _group!.MeasurementOver.Set();
        _drain = new(this);
    }

    // When the phase changes, not in the loop's next turn, so that the measured time is exact.
    private void NoteTime(Phase phase)
    {
        long now = Clock.GetTimestamp();
        if (phase == Phase.Measured) _measuredFrom = now;
        if (phase == Phase.Draining) _measuredTo = now;
    }

    private void End()
    {
        _drain?.End();
        GiveBack();
        _stage = Phase.Ended;
        _actor!.Dispose();
    }
}
