namespace Ixy.Vm.Tests.Traffic;

/// <summary>
/// What became of the frames of one direction. Each that came is counted as one of the last five or is in order.
/// </summary>
/// <param name="Sent">Frames sent.</param>
/// <param name="Lost">Sent, and never seen unchanged.</param>
/// <param name="Reordered">Came after a later one of the same flow.</param>
/// <param name="Duplicated">Came before.</param>
/// <param name="Corrupted">Came with another length or another byte.</param>
/// <param name="Foreign">Frames that nobody sent.</param>
internal sealed record Verdict(int Sent, int Lost, int Reordered, int Duplicated, int Corrupted, int Foreign)
{
    /// <summary>All came, once, in order and unchanged.</summary>
    internal static Verdict Faultless(int sent) => new(sent, 0, 0, 0, 0, 0);
}
