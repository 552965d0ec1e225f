namespace Ixy.Cli;

// A run that ends with its last packet would never end where a transmit ring gives no room any more.
internal abstract partial class PacketLoop
{
    // Longer than a far end that is alive pauses anybody, and than a link takes to come back.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);

    private long _waitsSince;

    /// <summary>
    /// Nothing but its last packet ends the measured part: it gives up when none has found room for ten seconds.
    /// </summary>
    internal bool GivesUp { get; init; }

    /// <summary>
    /// Once in a round: whether packets that are due found no room in the transmit rings, not one of them.
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
