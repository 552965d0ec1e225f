namespace Ixy.Cli.Replay;

/// <summary>How a capture is sent.</summary>
/// <param name="Speed">The speed.</param>
/// <param name="Passes">How many times.</param>
/// <param name="LongestGap">The longest wait between two frames; null for as long as the capture says.</param>
/// <param name="Pad">Frames that were truncated when captured are padded with zeros.</param>
internal sealed record ReplaySettings(ReplaySpeed Speed, long Passes, TimeSpan? LongestGap = null, bool Pad = false)
{
    /// <summary>See <see cref="PacketLoop.GivesUp"/>.</summary>
    internal bool GivesUp { get; init; }

    /// <summary>Like <see cref="LongestGap"/>, but in the capture's time, which may run at another speed.</summary>
    internal TimeSpan? LongestGapInCapture => LongestGap is { } gap
        ? TimeSpan.FromTicks((long)Math.Min(gap.Ticks * Speed.Factor, TimeSpan.MaxValue.Ticks / 2))
        : null;
}
