namespace Ixy.Cli.Output;

/// <summary>
/// How rates are written: in millions, with as many digits behind the point as a slow one needs to be seen.
/// </summary>
internal static class Rates
{
    /// <summary>Below 0.1 Mpps each packet shows.</summary>
    internal static string Mpps(double packetsPerSecond) =>
        packetsPerSecond is > 0 and < 1e5 ? $"{packetsPerSecond / 1e6:F6}" : $"{packetsPerSecond / 1e6:F2}";

    /// <summary>Below 100 Mbit/s hundredths show.</summary>
    internal static string Megabits(double megabits) => megabits is > 0 and < 100 ? $"{megabits:F2}" : $"{megabits:F0}";
}
