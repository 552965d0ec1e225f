namespace Ixy.Simulation.Cards;

/// <summary>
/// Lets the far end of a card's wire send while a driver receives, from shortly after it has begun. Frames sent to a
/// card without a driver, or before the driver's program has started to poll, would only be lost.
/// </summary>
/// <param name="card">Its wire must have been told not to send.</param>
internal sealed class SendingGate(CardModel card)
{
    private const long Interval = 20_000_000, Moment = 200_000_000;

    private long _nextLook, _since;
    private bool _isOpen;

    /// <summary>Called in each of the card's turns; checks fifty times a second.</summary>
    internal void Look(long now)
    {
        if (now < _nextLook) return;
        _nextLook = now + Interval;
        if (!card.IsReceiving)
        {
            if (_isOpen) card.Wire.StopSending();
            (_since, _isOpen) = (0, false);
        }
        else if (_since == 0)
        {
            _since = now;
        }
        else if (!_isOpen && now - _since >= Moment)
        {
            card.Wire.StartSending();
            _isOpen = true;
        }
    }
}
