using Ixy.Hosting;

namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>
/// One direction of a line: a frame occupies it for as long as its bits take (<see cref="PacketRate.BitsOnWire"/>). At
/// 10 Gb/s in real time it is not used: frames pass as fast as this machine can move them.
/// </summary>
internal struct LinePace
{
    // A device thread that is late catches up by at most this much: less than a ring of frames. In units, like
    // everything here.
    private const long Arrears = 100_000 * PerNanosecond;

    // At 10 Gb/s a byte takes 0.8 ns.
    private const long PerNanosecond = 10;

    private long _freeAt;

    /// <summary>Whether a card's line has such a pace.</summary>
    internal static bool Has(IxgbeCard card) => card.KeepsLineRate || card.Link.SpeedMbps < 10_000;

    /// <summary>A frame is still on the line.</summary>
    internal readonly bool IsBusy(long now) => now * PerNanosecond < _freeAt;

    /// <summary>Puts a frame on the line, after those already there.</summary>
    internal void Take(long now, int frameLength, IxgbeCard card)
    {
        // Turns that come on time only have to catch up on the time since the last one.
        long arrears = card.KeepsLineRate ? VirtualScheduler.TurnInterval * PerNanosecond : Arrears;
        _freeAt = Math.Max(_freeAt, now * PerNanosecond - arrears)
            + PacketRate.BitsOnWire(frameLength) * 1_000 * PerNanosecond / card.Link.SpeedMbps;
    }
}
