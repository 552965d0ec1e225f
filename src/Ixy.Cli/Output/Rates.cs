namespace Ixy.Cli.Output;

/// <summary>The format of rates: in millions, with as many decimal places as a slow rate needs.</summary>
internal static class Rates
{
    /// <summary>Below 0.1 Mpps, shows single packets.</summary>
    internal static string Mpps(double packetsPerSecond) =>
        packetsPerSecond is > 0 and < 1e5 ? $"{packetsPerSecond / 1e6:F6}" : $"{packetsPerSecond / 1e6:F2}";

    /// <summary>Below 100 Mbit/s, shows hundredths.</summary>
    internal static string Megabits(double megabits) => megabits is > 0 and < 100 ? $"{megabits:F2}" : $"{megabits:F0}";
}
