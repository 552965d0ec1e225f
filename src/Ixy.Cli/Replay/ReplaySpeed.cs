using System.Globalization;

namespace Ixy.Cli.Replay;

/// <summary>How fast a capture is sent: as it was captured, times a factor; or at a rate.</summary>
internal readonly record struct ReplaySpeed
{
    internal const string Forms = $"original, a multiple of it as in 2x or 0.1x, {PacketRate.Forms}";
    private const double LeastFactor = 1e-6, GreatestFactor = 1e6;

    /// <summary>As it was captured.</summary>
    internal static ReplaySpeed Original => new() { Factor = 1 };

    /// <summary>How much faster than it was captured; 0 if <see cref="Rate"/> applies.</summary>
    internal double Factor { get; private init; }

    /// <summary>Applies if <see cref="Factor"/> is 0.</summary>
    internal PacketRate Rate { get; private init; }

    /// <summary>The forms it can be written in.</summary>
    public override string ToString() =>
        Factor == 1 ? "original" : Factor > 0 ? $"{Factor.ToString(CultureInfo.InvariantCulture)}x" : Rate.ToString();

    /// <summary>Parses a speed.</summary>
    /// <exception cref="ArgumentException">It has none of the <see cref="Forms"/>.</exception>
    internal static ReplaySpeed Parse(string text)
    {
        if (text.Equals("original", StringComparison.OrdinalIgnoreCase)) return Original;
        if (PacketRate.TryParse(text, out var rate)) return new() { Rate = rate };
        if (text is [.. var number, 'x' or 'X']
            && double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double factor)
            && factor is >= LeastFactor and <= GreatestFactor)
            return new() { Factor = factor };
        throw new ArgumentException($"'{text}' is not a speed: expected {Forms}");
    }
}
