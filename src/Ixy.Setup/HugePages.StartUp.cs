using System.Globalization;
using Ixy.Setup.Binding;
using Ixy.Vfio;

namespace Ixy.Setup;

// Huge pages reserved at every start-up of the machine.
public static partial class HugePages
{
    private const string StartUpFile = "etc/tmpfiles.d/ixy-hugepages.conf";

    /// <summary>
    /// Reserves huge pages at every start-up of the machine, from the next one on: one line for each page size and node
    /// in <c>/etc/tmpfiles.d/ixy-hugepages.conf</c>, which systemd-tmpfiles applies. Changes nothing now; use
    /// <see cref="Reserve(int, long, int?)"/> for that. Needs root.
    /// </summary>
    /// <param name="count">How many; 0 removes the reservation.</param>
    /// <param name="pageLength">Bytes of a page, as in <see cref="HugePagePool.PageLength"/>. Even at start-up there
    /// may not be enough contiguous memory for pages of 1 GiB; the kernel's command line takes effect earlier.</param>
    /// <param name="node">The memory node; null: spread over all nodes.</param>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="DmaMemoryException">
    /// There are no pages of this size, or no such node (0 is accepted anyway); or the file cannot be written.
    /// </exception>
    public static void ReserveAtStartUp(int count, long pageLength, int? node = null)
    {
        RequireRootFor(count);
        ReserveAtStartUp("/", count, pageLength, node);
    }

    /// <summary>
    /// How many huge pages <see cref="ReserveAtStartUp(int, long, int?)"/> has reserved; null if none.
    /// </summary>
    /// <param name="pageLength">Bytes of a page.</param>
    /// <param name="node">The memory node; null: spread over all nodes.</param>
    public static int? FindAtStartUp(long pageLength, int? node = null) => FindAtStartUp("/", pageLength, node);

    internal static void ReserveAtStartUp(string root, int count, long pageLength, int? node)
    {
        string path = Path.Combine(root, StartUpFile), prefix = StartUpLine(pageLength, node);
        if (count > 0) RequirePool(Path.Combine(root, "sys"), pageLength, node);
        try
        {
            List<string> lines = [.. Lines(path).Where(line => !line.StartsWith(prefix, StringComparison.Ordinal))];
            if (count > 0) lines.Add($"{prefix}{count}");
            if (lines.All(line => line.StartsWith('#'))) File.Delete(path);
            else Replace(path, lines);
        }
        catch (DirectoryNotFoundException) when (count == 0)
        {
            // There was no reservation before.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DmaMemoryException($"nothing was changed for the next start: {error.Message}");
        }
    }

    internal static int? FindAtStartUp(string root, long pageLength, int? node)
    {
        string prefix = StartUpLine(pageLength, node);
        string? line = Lines(Path.Combine(root, StartUpFile))
            .LastOrDefault(line => line.StartsWith(prefix, StringComparison.Ordinal));
        return int.TryParse(line?[prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? count : null;
    }

    // "w!" writes to a kernel file at start-up only, not when systemd-tmpfiles runs at other times (tmpfiles.d(5)).
    private static string StartUpLine(long pageLength, int? node) =>
        $"w! {Path.Combine(PoolOf("/sys", pageLength, node), Wanted)} - - - - ";

    private static void Replace(string path, List<string> lines)
    {
        const string Head =
            "# Written by 'ixy hugepages --persist': huge pages that are set aside at the start of the machine.";
        if (lines[0] != Head) lines.Insert(0, Head);
        // systemd-tmpfiles ignores the file under its temporary name.
        WholeFile.Write(path, $"{path}.new", string.Concat(lines.Select(line => $"{line}\n")));
    }

    private static string[] Lines(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];
}
