namespace Ixy.Cli.Replay;

/// <summary>How a capture is sent.</summary>
/// <param name="Speed">How fast.</param>
/// <param name="Passes">How often.</param>
/// <param name="LongestGap">The longest wait between two frames; null for as long as the capture says.</param>
/// <param name="Pad">Frames that were cut when they were captured are filled with zeroes.</param>
internal sealed record ReplaySettings(ReplaySpeed Speed, long Passes, TimeSpan? LongestGap = null, bool Pad = false)
{
    /// <summary>As <see cref="PacketLoop.GivesUp"/>.</summary>
    internal bool GivesUp { get; init; }

    /// <summary>As <see cref="LongestGap"/>, in the times of the capture, which may run at another speed.</summary>
    internal TimeSpan? LongestGapInCapture => LongestGap is { } gap
        ? TimeSpan.FromTicks((long)Math.Min(gap.Ticks * Speed.Factor, TimeSpan.MaxValue.Ticks / 2))
        : null;
}
