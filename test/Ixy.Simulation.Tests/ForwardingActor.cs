using Ixy.Hosting;

namespace Ixy.Simulation.Tests;

/// <summary>
/// A forwarder's loop in a virtual world: what one queue receives goes out on another, and nothing is dropped. When
/// there is nothing to do, it polls, or sleeps until an interrupt comes.
/// </summary>
internal sealed class ForwardingActor : IDisposable
{
    private readonly ReceiveQueue _from;
    private readonly TransmitQueue _to;
    private readonly Action<Packet>? _look;
    private readonly Packet[] _batch;
    private readonly QueueWaiter? _waiter;
    private readonly VirtualActor _actor;
    private int _first, _end;
    private bool _isTired, _isAsleep;

    /// <param name="world">The world it runs in.</param>
    /// <param name="from">The queue that receives.</param>
    /// <param name="to">The queue that transmits.</param>
    /// <param name="batch">How many packets it takes at a time.</param>
    /// <param name="sleeps">Whether it sleeps when there is nothing to do.</param>
    /// <param name="look">Receives each packet.</param>
    internal ForwardingActor(
        VirtualWorld world, ReceiveQueue from, TransmitQueue to, int batch = 32, bool sleeps = false,
        Action<Packet>? look = null)
    {
        (_from, _to, _look, _batch) = (from, to, look, new Packet[batch]);
        if (sleeps) _waiter = new(from);
        _actor = world.AddActor(TakeTurn);
    }

    /// <summary>How many packets were received.</summary>
    internal long Received { get; private set; }

    public void Dispose()
    {
        _actor.Dispose();
        if (_isAsleep) _waiter!.EndSleep();
        PacketPool.Free(_batch.AsSpan(_first, _end - _first));
        _waiter?.Dispose();
    }

    private ActorTurn TakeTurn()
    {
        if (_isAsleep)
        {
            if (!_waiter!.HasFired(TimeSpan.Zero)) return ActorTurn.Asleep;
            _waiter.EndSleep();
            _isAsleep = false;
        }
        // Packets can come between the last poll and the request for an interrupt, as each is a turn of its own.
        if (_isTired)
        {
            _isTired = false;
            _isAsleep = _waiter!.TryBeginSleep();
            return _isAsleep ? ActorTurn.Asleep : ActorTurn.Idle(100);
        }
        if (_first == _end)
        {
            (_first, _end) = (0, _from.Receive(_batch));
            Received += _end;
            if (_look is not null) Array.ForEach(_batch[.._end], _look);
        }
        int sent = _to.Transmit(_batch.AsSpan(_first, _end - _first));
        _first += sent;
        if (_end > 0 || _waiter is null)
        {
            return sent > 0 ? ActorTurn.Busy(100 + 30 * sent) : ActorTurn.Idle(100);
        }
        _isTired = true;
        return ActorTurn.Busy(1_500);
    }
}
