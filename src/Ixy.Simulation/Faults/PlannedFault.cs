namespace Ixy.Simulation.Faults;

/// <summary>A fault, when it begins, and how long it lasts.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="After">Nanoseconds from when it was planned.</param>
/// <param name="Received">Not before the wire has delivered this many frames.</param>
/// <param name="Sent">Not before the card has sent this many frames.</param>
/// <param name="Duration">Nanoseconds; null for the fault's usual duration.</param>
internal sealed record PlannedFault(
    CardFault Fault, long After = 0, long Received = 0, long Sent = 0, long? Duration = null)
{
    internal bool IsNow => After == 0 && Received == 0 && Sent == 0;
}
