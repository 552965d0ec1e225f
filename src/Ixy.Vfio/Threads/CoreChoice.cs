using System.Globalization;

namespace Ixy.Vfio.Threads;

/// <summary>What is known about this machine's cores when choosing some of them.</summary>
/// <param name="Allowed">Cores the process may run on.</param>
/// <param name="Online">All cores there are.</param>
/// <param name="Isolated">Cores the scheduler leaves alone (kernel parameter isolcpus).</param>
/// <param name="OfNode">Cores of the wanted NUMA node; empty if any node will do.</param>
internal sealed record CoreChoice(
    IReadOnlyCollection<int> Allowed, IReadOnlyCollection<int> Online, IReadOnlyCollection<int> Isolated,
    IReadOnlyCollection<int> OfNode)
{
    private const string Cores = "/sys/devices/system/cpu", Nodes = "/sys/devices/system/node";

    /// <summary>
    /// Reads it from the kernel (kernel documentation, ABI/stable/sysfs-devices-system-cpu and -node).
    /// </summary>
    internal static CoreChoice Read(int? numaNode) => new(
        ThreadPlacement.AllowedCores(),
        ReadList($"{Cores}/online"),
        ReadList($"{Cores}/isolated"),
        numaNode is { } node ? ReadList($"{Nodes}/node{node}/cpulist") : []);

    /// <summary>
    /// Chooses cores: those of the node first, isolated ones first. If there are too few, cores are used more than
    /// once.
    /// </summary>
    /// <param name="count">How many to choose.</param>
    /// <param name="canUse">Whether the kernel lets a thread run on an isolated core outside the process's
    /// affinity.</param>
    internal int[] Choose(int count, Func<int, bool> canUse)
    {
        int[] best =
        [
            .. Allowed.Union(OwnIsolated(canUse)).OrderBy(core => OfNode.Contains(core) ? 0 : 1)
                .ThenBy(core => Isolated.Contains(core) ? 0 : 1).ThenBy(core => core),
        ];
        return [.. Enumerable.Range(0, count).Select(i => best[i % best.Length])];
    }

    /// <summary>Parses a list as the kernel writes it, such as <c>0-3,8</c>.</summary>
    internal static IReadOnlyCollection<int> Parse(string list)
    {
        var cores = new SortedSet<int>();
        foreach (string range in list.Split(
            ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int[] ends = [
                .. range.Split('-')
                .Select(number => int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture))];
            for (int core = ends[0]; core <= ends[^1]; core++) cores.Add(core);
        }
        return cores;
    }

    // No process gets isolated cores by default: they are there for programs like this one, which ask for them. But a
    // process confined to certain cores stays there.
    private IEnumerable<int> OwnIsolated(Func<int, bool> canUse) =>
        Online.Except(Isolated).Except(Allowed).Any() ? [] : Isolated.Intersect(Online).Except(Allowed).Where(canUse);

    // Some kernels lack this file, for example those without NUMA.
    private static IReadOnlyCollection<int> ReadList(string path) =>
        File.Exists(path) ? Parse(File.ReadAllText(path)) : [];
}
