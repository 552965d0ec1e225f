using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Ixy.Simulation.Wires;

/// <summary>
/// Says when the next frame of a <see cref="PacketRate"/> is due. The schedule is kept as credit in whole units, so it
/// is exact over any time: a late frame (the device thread looked too late) does not delay the ones after it. After a
/// pause, at most <see cref="LongestBurst"/> frames are sent at once to catch up; the rest of the pause is forgotten,
/// and frames that were due in it are not sent.
/// </summary>
internal struct Pacer(PacketRate rate)
{
    /// <summary>
    /// How many frames may follow each other without a gap after a pause: 256 µs at 1 Mpps, 17 µs at 14.88 Mpps. Less
    /// than the usual ring of 512 descriptors holds, so that a pause of this machine causes no loss at the card.
    /// </summary>
    internal const int LongestBurst = 256;

    // Credit is in units/s * ns: one packet, or one bit, is worth 10^9.
    private const long Unit = 1_000_000_000;
    private readonly long _perSecond = rate.PerSecond;
    private readonly bool _countsBits = rate.CountsBits;
    private long _credit;
    private long _last = long.MinValue;

    /// <summary>True if a frame of this length is due; it then counts as sent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryTake(long now, int frameLength)
    {
        if (_perSecond == 0) return true;
        long cost = _countsBits ? PacketRate.BitsOnWire(frameLength) * Unit : Unit;
        if (now != _last) Earn(now, cost);
        if (_credit < cost) return false;
        _credit -= cost;
        return true;
    }

    private void Earn(long now, long cost)
    {
        if (_last == long.MinValue)
        {
            // The schedule starts at the first call; its first frame is due at once.
            _credit = cost;
        }
        else
        {
            Debug.Assert(now > _last, "the device's clock went back");
            var credit = _credit + (Int128)(now - _last) * _perSecond;
            _credit = (long)Int128.Min(credit, LongestBurst * cost);
        }
        _last = now;
    }
}
