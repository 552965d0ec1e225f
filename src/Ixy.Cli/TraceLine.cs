using Ixy.Simulation.Recording;

namespace Ixy.Cli;

/// <summary>An event as a line of <c>ixy trace</c>.</summary>
internal static class TraceLine
{
    internal static string Of(RecordedEvent happened) =>
        $"{happened.Time / 1e9:F9} card {happened.Card}  {happened.Text}"
        + (happened.Place is { } place ? $"  ({place})" : "");
}
