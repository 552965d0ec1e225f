namespace Ixy.Vm.Tests.Traffic;

/// <summary>
/// What became of the frames of one direction. Every frame that arrived is in order or counted in one of the last four.
/// </summary>
/// <param name="Sent">Frames sent.</param>
/// <param name="Lost">Sent, and never seen unchanged.</param>
/// <param name="Reordered">Arrived after a later one of the same flow.</param>
/// <param name="Duplicated">Arrived before.</param>
/// <param name="Corrupted">Arrived with another length or another byte.</param>
/// <param name="Foreign">Frames that nobody sent.</param>
internal sealed record Verdict(int Sent, int Lost, int Reordered, int Duplicated, int Corrupted, int Foreign)
{
    /// <summary>Everything arrived once, in order and unchanged.</summary>
    internal static Verdict Faultless(int sent) => new(sent, 0, 0, 0, 0, 0);
}
