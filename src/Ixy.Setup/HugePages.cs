using System.Globalization;
using Ixy.Vfio;

namespace Ixy.Setup;

/// <summary>The huge pages the kernel has reserved (kernel documentation, admin-guide/mm/hugetlbpage).</summary>
public static partial class HugePages
{
    private const string Node = "node", Pool = "hugepages-", Unit = "kB", Wanted = "nr_hugepages";

    /// <summary>How many there are, of each size and on each memory node.</summary>
    public static IReadOnlyList<HugePagePool> Pools() => Pools("/sys");

    /// <summary>
    /// Where hugetlbfs is mounted, for programs that take huge pages from files. ixy does not need it.
    /// </summary>
    public static IReadOnlyList<HugePageMount> Mounts() => Mounts("/proc/mounts");

    /// <summary>Makes the kernel reserve this many huge pages, or release what is more. Needs root.</summary>
    /// <param name="count">How many there should be in total, including those in use.</param>
    /// <param name="pageLength">Bytes of a page, as in <see cref="HugePagePool.PageLength"/>.</param>
    /// <param name="node">The memory node; null: spread over all nodes.</param>
    /// <returns>
    /// How many there are now: fewer if the kernel did not find enough contiguous memory, more if that many are in use.
    /// </returns>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="DmaMemoryException">
    /// There are no pages of this size, no such node, or not that much available memory; or the kernel refused.
    /// </exception>
    public static int Reserve(int count, long pageLength, int? node = null)
    {
        RequireRootFor(count);
        return Reserve("/sys", count, pageLength, node, Available());
    }

    internal static int Reserve(string sysfs, int count, long pageLength, int? node, long available)
    {
        RequirePool(sysfs, pageLength, node);
        string pool = PoolOf(sysfs, pageLength, node), file = Path.Combine(pool, Wanted);
        RequireMemory(count, ReadNumber(pool, Wanted), pageLength, available);
        try
        {
            File.WriteAllText(file, $"{count}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DmaMemoryException($"{count} cannot be written to {file}: {error.Message}");
        }
        return ReadNumber(pool, Wanted);
    }

    private static void RequireRootFor(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (!Environment.IsPrivilegedProcess)
            throw new PrivilegeException("reserving huge pages needs root: run it with sudo");
    }

    private static void RequirePool(string sysfs, long pageLength, int? node)
    {
        if (!File.Exists(Path.Combine(PoolOf(sysfs, pageLength, node), Wanted))) throw Missing(sysfs, pageLength, node);
    }

    // The kernel would give all the memory it has, and then kill programs that need some.
    private static void RequireMemory(int count, int now, long pageLength, long available)
    {
        long missing = (count - now) * pageLength;
        if (missing <= available) return;
        throw new DmaMemoryException(
            $"{count - now} more huge pages of {pageLength >> 20} MiB would take {missing >> 20} MiB, and "
            + $"{available >> 20} MiB are available: " +
            $"expected at most {now + available / pageLength} pages in all");
    }

    // The kernel's estimate of what programs can have without swapping (proc_meminfo(5)).
    private static long Available()
    {
        const string Name = "MemAvailable:", Unit = "kB";
        string line = File.ReadLines("/proc/meminfo").First(line => line.StartsWith(Name, StringComparison.Ordinal));
        return long.Parse(line[Name.Length..^Unit.Length], CultureInfo.InvariantCulture) << 10;
    }

    internal static IReadOnlyList<HugePagePool> Pools(string sysfs)
    {
        var nodes = Nodes(sysfs);
        // A kernel without NUMA has no nodes.
        return nodes.Count == 0
            ? [.. PoolsIn(PoolsOfAll(sysfs), node: null)]
            : [.. nodes.SelectMany(node => PoolsIn(PoolsOf(NodeDirectory(sysfs, node)), node))
                .OrderBy(pool => pool.PageLength)];
    }

    // A line is "device directory type options …" (proc_pid_mounts(5)).
    internal static IReadOnlyList<HugePageMount> Mounts(string mounts) => !File.Exists(mounts) ? [] :
        [.. File.ReadLines(mounts).Select(line => line.Split(' ')).Where(fields => fields is [_, _, "hugetlbfs", ..])
            .Select(fields => new HugePageMount(fields[1], fields[3]))];

    private static List<int> Nodes(string sysfs) => !Directory.Exists(NodesOf(sysfs)) ? [] :
        [.. Directory.GetDirectories(NodesOf(sysfs), $"{Node}*")
            .Select(directory => Path.GetFileName(directory)[Node.Length..])
            .Where(number => number.All(char.IsAsciiDigit))
            .Select(number => int.Parse(number, CultureInfo.InvariantCulture)).Order()];

    private static IEnumerable<HugePagePool> PoolsIn(string directory, int? node) => !Directory.Exists(directory) ? [] :
        from pool in Directory.GetDirectories(directory, $"{Pool}*{Unit}")
        let length = long.Parse(Path.GetFileName(pool)[Pool.Length..^Unit.Length], CultureInfo.InvariantCulture) << 10
        select new HugePagePool(length, node, ReadNumber(pool, Wanted), ReadNumber(pool, "free_hugepages"));

    private static DmaMemoryException Missing(string sysfs, long pageLength, int? node)
    {
        string place = node is null ? "this machine" : $"memory node {node}";
        string[] lengths = [
            .. Pools(sysfs).Where(pool => node is null || pool.Node == node)
            .Select(pool => $"{pool.PageLength >> 20} MiB").Distinct()];
        return new($"{place} has no huge pages of {pageLength >> 20} MiB: expected "
            + (node is not null && lengths.Length == 0
            ? $"one of the nodes {string.Join(", ", Nodes(sysfs))}"
            : lengths.Length == 0 ? "a kernel with huge pages (CONFIG_HUGETLBFS)" : string.Join(" or ", lengths)));
    }

    private static int ReadNumber(string directory, string file) =>
        int.Parse(File.ReadAllText(Path.Combine(directory, file)).Trim(), CultureInfo.InvariantCulture);

    private static string PoolOf(string sysfs, long pageLength, int? node) => Path.Combine(
        node is null ? PoolsOfAll(sysfs) : PoolsOf(NodeDirectory(sysfs, node.Value)),
        $"{Pool}{pageLength >> 10}{Unit}");

    private static string PoolsOfAll(string sysfs) => Path.Combine(sysfs, "kernel/mm/hugepages");

    private static string PoolsOf(string node) => Path.Combine(node, "hugepages");

    private static string NodesOf(string sysfs) => Path.Combine(sysfs, "devices/system/node");

    private static string NodeDirectory(string sysfs, int node) => Path.Combine(NodesOf(sysfs), $"{Node}{node}");
}

/// <summary>The huge pages of one size on one memory node.</summary>
/// <param name="PageLength">Bytes of a page.</param>
/// <param name="Node">The memory node; null on a kernel without NUMA.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Free">How many of them are not in use.</param>
public sealed record HugePagePool(long PageLength, int? Node, int Total, int Free);

/// <summary>A hugetlbfs mount.</summary>
/// <param name="Directory">Where it is mounted.</param>
/// <param name="Options">Its mount options, separated by commas; they include <c>pagesize=</c>.</param>
public sealed record HugePageMount(string Directory, string Options);
