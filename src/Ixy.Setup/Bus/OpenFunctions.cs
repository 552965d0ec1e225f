using System.Globalization;
using Ixy.Vfio;

namespace Ixy.Setup.Bus;

/// <summary>
/// Which processes have PCI functions open: through the file of the IOMMU group or of the function itself (VFIO), or
/// through the function's files in sysfs. Without root, only one's own processes are visible.
/// </summary>
internal sealed class OpenFunctions
{
    private readonly List<(string File, string Process, int Number)> _open = [];

    /// <summary>Scans all processes.</summary>
    /// <param name="processes">Normally /proc.</param>
    internal OpenFunctions(string processes)
    {
        foreach (string directory in Directory.GetDirectories(processes))
        {
            string name = Path.GetFileName(directory);
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int process))
                Look(directory, process);
        }
    }

    /// <summary>
    /// The first process that has a function open, as in "ixy (process 4711)"; null if none is visible.
    /// </summary>
    internal string? UserOf(SysfsFunction function) => Find(function).Process;

    /// <summary>The number of that process.</summary>
    internal int ProcessOf(SysfsFunction function) => Find(function).Number;

    private (string File, string Process, int Number) Find(SysfsFunction function)
    {
        string[] vfio = function.IsBoundToVfio ? [.. VfioFiles(function)] : [];
        return _open.Find(
            open => vfio.Contains(open.File) || Path.GetFileName(Path.GetDirectoryName(open.File)) == function.Name);
    }

    // The group's file, with or without an IOMMU, and the function's own file for users of iommufd (kernel
    // documentation, driver-api/vfio, "VFIO Device cdev").
    private static IEnumerable<string> VfioFiles(SysfsFunction function)
    {
        const string Vfio = "/dev/vfio";
        if (function.IommuGroup is { } group)
        {
            yield return $"{Vfio}/{group}";
            yield return $"{Vfio}/noiommu-{group}";
        }
        string devices = Path.Combine(function.Directory, "vfio-dev");
        if (!Directory.Exists(devices)) yield break;
        foreach (string device in Directory.GetFileSystemEntries(devices))
            yield return $"{Vfio}/devices/{Path.GetFileName(device)}";
    }

    private void Look(string directory, int process)
    {
        try
        {
            foreach (string descriptor in Directory.GetFileSystemEntries(Path.Combine(directory, "fd")))
            {
                if (new FileInfo(descriptor).LinkTarget is { } file && IsOfAFunction(file))
                    _open.Add((file, Describe(directory, process), process));
            }
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            // Another user's process, or one that has just ended.
        }
    }

    private static bool IsOfAFunction(string file) => Path.GetFileName(file) switch
    {
        "config" => true,
        var name => name.StartsWith("resource", StringComparison.Ordinal)
        || file.StartsWith("/dev/vfio/", StringComparison.Ordinal),
    };

    private static string Describe(string directory, int process) =>
        $"{File.ReadAllText(Path.Combine(directory, "comm")).Trim()} (process {process})";
}
