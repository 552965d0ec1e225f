namespace Ixy.Simulation.Faults;

/// <summary>A fault, when it begins, and how long it lasts.</summary>
/// <param name="Fault">Which.</param>
/// <param name="After">Nanoseconds from when it was planned.</param>
/// <param name="Received">At the earliest when the wire has brought so many frames.</param>
/// <param name="Sent">At the earliest when the card has sent so many.</param>
/// <param name="Duration">Nanoseconds; null as the fault usually lasts.</param>
internal sealed record PlannedFault(
    CardFault Fault, long After = 0, long Received = 0, long Sent = 0, long? Duration = null)
{
    internal bool IsNow => After == 0 && Received == 0 && Sent == 0;
}
