using System.Globalization;

namespace Ixy.Vfio;

/// <summary>What is known about the cores of this machine when some are to be chosen.</summary>
/// <param name="Allowed">Those the process may run on.</param>
/// <param name="Online">All there are.</param>
/// <param name="Isolated">Those the scheduler leaves alone (kernel parameter isolcpus).</param>
/// <param name="OfNode">Those of the wanted NUMA node; none if any node will do.</param>
internal sealed record CoreChoice(
    IReadOnlyCollection<int> Allowed, IReadOnlyCollection<int> Online, IReadOnlyCollection<int> Isolated,
    IReadOnlyCollection<int> OfNode)
{
    private const string Cores = "/sys/devices/system/cpu", Nodes = "/sys/devices/system/node";

    /// <summary>As the kernel tells it (kernel documentation, ABI/stable/sysfs-devices-system-cpu and -node).</summary>
    internal static CoreChoice Read(int? numaNode) => new(
        ThreadPlacement.AllowedCores(),
        ReadList($"{Cores}/online"),
        ReadList($"{Cores}/isolated"),
        numaNode is { } node ? ReadList($"{Nodes}/node{node}/cpulist") : []);

    /// <summary>
    /// So many cores: of the node before others, isolated ones before others. Too few are given out several times.
    /// </summary>
    /// <param name="count">How many.</param>
    /// <param name="canUse">Whether the kernel lets a thread run on an isolated core that it has not given to the
    /// process.</param>
    internal int[] Choose(int count, Func<int, bool> canUse)
    {
        int[] best =
        [
            .. Allowed.Union(OwnIsolated(canUse)).OrderBy(core => OfNode.Contains(core) ? 0 : 1)
                .ThenBy(core => Isolated.Contains(core) ? 0 : 1).ThenBy(core => core),
        ];
        return [.. Enumerable.Range(0, count).Select(i => best[i % best.Length])];
    }

    /// <summary>Reads a list as the kernel writes it, such as <c>0-3,8</c>.</summary>
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

    // No process gets isolated cores by itself: they are there for programs like this one, which ask for them. But one
    // that somebody has confined to certain cores stays there.
    private IEnumerable<int> OwnIsolated(Func<int, bool> canUse) =>
        Online.Except(Isolated).Except(Allowed).Any() ? [] : Isolated.Intersect(Online).Except(Allowed).Where(canUse);

    // Some kernels have no such file: without NUMA, for example.
    private static IReadOnlyCollection<int> ReadList(string path) =>
        File.Exists(path) ? Parse(File.ReadAllText(path)) : [];
}
