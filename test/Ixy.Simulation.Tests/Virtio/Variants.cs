using Ixy.Simulation.Virtio;

namespace Ixy.Simulation.Tests.Virtio;

/// <summary>The kinds of card and ring that everything must work with.</summary>
internal static class Variants
{
    private const ulong None = 0;

    internal static readonly IReadOnlyDictionary<string, (VirtioCardOptions Options, ulong Without)> All =
        new Dictionary<string, (VirtioCardOptions, ulong)>
        {
            ["split"] = (new(), None),
            ["split, flags"] = (new(), VirtioBench.EventIndex),
            ["split, unmerged"] = (new(), VirtioBench.MergeableBuffers),
            ["packed"] = (new() { IsPacked = true }, None),
            ["packed, flags"] = (new() { IsPacked = true }, VirtioBench.EventIndex),
            ["packed, unmerged"] = (new() { IsPacked = true }, VirtioBench.MergeableBuffers),
            ["legacy"] = (new() { IsLegacy = true }, None),
            ["legacy, flags"] = (new() { IsLegacy = true }, VirtioBench.EventIndex),
            ["legacy, unmerged"] = (new() { IsLegacy = true }, VirtioBench.MergeableBuffers),
        };

    /// <summary>The names, for theories.</summary>
    public static TheoryData<string> Names => [.. All.Keys];

    internal static VirtioBench Running(string name, int size = 256)
    {
        var (options, without) = All[name];
        return VirtioBench.Running(options with { QueueSize = size }, without, size);
    }
}
