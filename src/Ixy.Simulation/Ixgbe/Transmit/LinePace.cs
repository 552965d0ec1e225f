namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>
/// One direction of a line of less than 10 Gb/s: a frame occupies it for as long as its bits take
/// (<see cref="PacketRate.BitsOnWire"/>). At 10 Gb/s, frames pass as fast as this machine can move them.
/// </summary>
internal struct LinePace
{
    // A device thread that looks late makes up for so much: what a pause holds of frames is less than a ring.
    private const long Arrears = 100_000;

    private long _freeAt;

    /// <summary>Whether a line of this speed has such a pace.</summary>
    internal static bool IsSlow(int speedMbps) => speedMbps < 10_000;

    /// <summary>A frame is still on the line.</summary>
    internal readonly bool IsBusy(long now) => now < _freeAt;

    /// <summary>Puts a frame on the line, behind those that are there.</summary>
    internal void Take(long now, int frameLength, int speedMbps) =>
        _freeAt = Math.Max(_freeAt, now - Arrears) + PacketRate.BitsOnWire(frameLength) * 1_000 / speedMbps;
}
