using System.Buffers;
using System.Globalization;

namespace Ixy;

/// <summary>
/// How fast frames follow each other: a number of packets per second, of bits per second on the wire, or as fast as
/// they are taken. Written <c>5Mpps</c>, <c>100kpps</c>, <c>250pps</c>; <c>10G</c>, <c>2.5Gbit/s</c>, <c>100Mbps</c>;
/// <c>max</c>.
/// </summary>
public readonly record struct PacketRate
{
    /// <summary>
    /// What a frame takes on the wire besides its own bytes: preamble and start delimiter (8), FCS (4) and the gap to
    /// the next frame (12), see IEEE 802.3 clause 4.4.2 for 10 Gbit/s.
    /// </summary>
    public const int OverheadBytes = 24;

    /// <summary>The forms <see cref="TryParse"/> accepts, for messages.</summary>
    public const string Forms =
        "max, packets per second as in 5Mpps, 100kpps or 250pps, or bits per second on the wire as in 10G or 100M";

    private const long Greatest = 1_000_000_000_000;
    private static readonly SearchValues<char> s_numberCharacters = SearchValues.Create("0123456789.");

    private PacketRate(long perSecond, bool countsBits) => (PerSecond, CountsBits) = (perSecond, countsBits);

    /// <summary>No limit.</summary>
    public static PacketRate Max => default;

    /// <summary>Frames may follow each other without limit.</summary>
    public bool IsMax => PerSecond == 0;

    /// <summary>Packets or bits per second, see <see cref="CountsBits"/>; 0 for <see cref="Max"/>.</summary>
    public long PerSecond { get; }

    /// <summary>
    /// <see cref="PerSecond"/> is in bits on the wire, including <see cref="OverheadBytes"/>; otherwise in packets.
    /// </summary>
    public bool CountsBits { get; }

    /// <summary>A rate in packets per second.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1 or above 10^12.</exception>
    public static PacketRate FromPackets(long packetsPerSecond) => new(Check(packetsPerSecond), countsBits: false);

    /// <summary>
    /// A rate in bits per second on the wire, including what surrounds a frame (<see cref="OverheadBytes"/>).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1 or above 10^12.</exception>
    public static PacketRate FromBits(long bitsPerSecond) => new(Check(bitsPerSecond), countsBits: true);

    /// <summary>Bits that a frame of <paramref name="frameLength"/> bytes (without FCS) takes on the wire.</summary>
    public static long BitsOnWire(int frameLength) => (frameLength + OverheadBytes) * 8L;

    /// <summary>
    /// Packets per second with frames of <paramref name="frameLength"/> bytes (without FCS); infinity for
    /// <see cref="Max"/>.
    /// </summary>
    public double PacketsPerSecond(int frameLength) =>
        IsMax ? double.PositiveInfinity : CountsBits ? (double)PerSecond / BitsOnWire(frameLength) : PerSecond;

    /// <summary>
    /// <summary>
    /// Parses a rate; false if <paramref name="text"/> has none of the <see cref="Forms"/>. Case does not matter.
    /// </summary>
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PacketRate rate)
    {
        rate = Max;
        if (text.Equals("max", StringComparison.OrdinalIgnoreCase)) return true;
        int digits = text.IndexOfAnyExcept(s_numberCharacters);
        if (digits < 1) return false; // also rejects a bare number, which has no unit
        if (!decimal.TryParse(
            text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            || number > Greatest) return false;
        if (!TryUnit(text[digits..], out long scale, out bool bits)) return false;
        number *= scale;
        if (number < 1 || number > Greatest || number != decimal.Truncate(number)) return false;
        rate = new((long)number, bits);
        return true;
    }

    /// <summary>Parses a rate.</summary>
    /// <exception cref="FormatException">The text has none of the <see cref="Forms"/>.</exception>
    public static PacketRate Parse(string text) =>
        TryParse(text, out var rate) ? rate : throw new FormatException($"'{text}' is not a rate: expected {Forms}");

    /// <summary>The shortest form that <see cref="TryParse"/> parses back to the same rate.</summary>
    public override string ToString()
    {
        if (IsMax) return "max";
        var (scale, prefix) = PerSecond % 1_000_000_000 == 0 ? (1_000_000_000L, "G")
            : PerSecond % 1_000_000 == 0 ? (1_000_000, "M")
            : PerSecond % 1_000 == 0 ? (1_000, "k")
            : (1, "");
        string unit = !CountsBits ? "pps" : prefix.Length == 0 ? "bit/s" : "";
        return (PerSecond / scale).ToString(CultureInfo.InvariantCulture) + prefix + unit;
    }

    private static bool TryUnit(ReadOnlySpan<char> unit, out long scale, out bool bits)
    {
        scale = char.ToLowerInvariant(unit[0]) switch { 'k' => 1_000, 'm' => 1_000_000, 'g' => 1_000_000_000, _ => 1 };
        if (scale > 1) unit = unit[1..];
        bits = !unit.Equals("pps", StringComparison.OrdinalIgnoreCase);
        return !bits || (unit.IsEmpty && scale > 1)
            || unit.Equals("bit/s", StringComparison.OrdinalIgnoreCase)
            || unit.Equals("bps", StringComparison.OrdinalIgnoreCase);
    }

    private static long Check(long perSecond)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perSecond, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(perSecond, Greatest);
        return perSecond;
    }
}
