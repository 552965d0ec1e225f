namespace Ixy.Cli;

// A run that ends with its last packet would never end if a transmit ring never gets room again.
internal abstract partial class PacketLoop
{
    // Longer than any live far end pauses a sender, and than a link takes to come back.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);

    private long _waitsSince;

    /// <summary>
    /// Only its last packet ends the measured part: the loop gives up if none has found room for ten seconds.
    /// </summary>
    internal bool GivesUp { get; init; }

    /// <summary>
    /// Called once per round: whether packets are due, but not one of them found room in the transmit rings.
    /// </summary>
    protected void GiveUpIfStuck(bool isWaiting)
    {
        if (!isWaiting) _waitsSince = 0;
        else if (!GivesUp) return;
        else if (_waitsSince == 0) _waitsSince = Clock.GetTimestamp();
        else if (Clock.GetElapsedTime(_waitsSince) > s_longestWait)
        {
            Stuck = transmitQueues;
            StopMeasuring();
        }
    }
}
