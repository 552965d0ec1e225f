namespace Ixy.Simulation.Cards;

/// <summary>
/// Lets the far end of a card's wire send while a driver receives, from a moment after it has begun. What is sent to a
/// card that nobody drives, or before the program behind the driver has started to look, would only be lost.
/// </summary>
internal sealed class SendingGate : IDisposable
{
    private const int Interval = 20, Moment = 200;

    private readonly Lock _lock = new();
    private readonly CardModel _card;
    private readonly Timer _timer;
    private int _receivingFor;

    /// <param name="card">Its wire has been told not to send.</param>
    internal SendingGate(CardModel card)
    {
        _card = card;
        _timer = new(_ => Look(), null, Interval, Interval);
    }

    /// <summary>Looks no more; waits for a look that has begun.</summary>
    public void Dispose()
    {
        using var ended = new ManualResetEvent(false);
        if (_timer.Dispose(ended)) ended.WaitOne();
    }

    private void Look()
    {
        lock (_lock)
        {
            bool receives = _card.IsReceiving;
            if (!receives && _receivingFor > 0) _card.Wire.StopSending();
            int before = _receivingFor;
            _receivingFor = receives ? before + Interval : 0;
            if (before < Moment && _receivingFor >= Moment) _card.Wire.StartSending();
        }
    }
}
