using System.Globalization;

namespace Ixy.Vfio.Sysfs;

/// <summary>
/// Which processes have PCI functions open: by the file of the IOMMU group (VFIO) or by the function's own in sysfs. Who is not
/// root sees only the own processes.
/// </summary>
internal sealed class OpenFunctions
{
    private readonly List<(string File, string Process)> _open = [];

    /// <summary>Looks at all processes.</summary>
    /// <param name="processes">/proc, in general.</param>
    internal OpenFunctions(string processes)
    {
        foreach (string directory in Directory.GetDirectories(processes))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int process)) Look(directory, process);
        }
    }

    /// <summary>The first process that has a function open, as in "ixy (process 4711)"; null if none is seen.</summary>
    internal string? UserOf(SysfsFunction function)
    {
        string? group = function is { IsBoundToVfio: true, IommuGroup: { } number } ? $"/dev/vfio/{number}" : null;
        return _open.Find(open => open.File == group || Path.GetFileName(Path.GetDirectoryName(open.File)) == function.Name).Process;
    }

    private void Look(string directory, int process)
    {
        try
        {
            foreach (string descriptor in Directory.GetFileSystemEntries(Path.Combine(directory, "fd")))
            {
                if (new FileInfo(descriptor).LinkTarget is { } file && IsOfAFunction(file)) _open.Add((file, Describe(directory, process)));
            }
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            // Another user's, or it has just ended.
        }
    }

    private static bool IsOfAFunction(string file) => Path.GetFileName(file) switch
    {
        "config" => true,
        var name => name.StartsWith("resource", StringComparison.Ordinal) || file.StartsWith("/dev/vfio/", StringComparison.Ordinal),
    };

    private static string Describe(string directory, int process) => $"{File.ReadAllText(Path.Combine(directory, "comm")).Trim()} (process {process})";
}
