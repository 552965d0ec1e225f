using System.Globalization;

namespace Ixy.Vfio.Sysfs;

/// <summary>What sysfs tells everybody about a PCI function: its driver, its IOMMU group, its network interfaces.</summary>
internal sealed partial class SysfsFunction
{
    internal const string Root = "/sys/bus/pci/devices";

    /// <exception cref="DeviceNotFoundException">There is none at this address.</exception>
    internal SysfsFunction(string root, string name) : this(Path.Combine(root, name))
    {
        if (!System.IO.Directory.Exists(Directory))
            throw new DeviceNotFoundException($"there is no PCI function {Name}: 'ls {root}' shows those there are");
    }

    private SysfsFunction(string directory) => (Name, Directory) = (Path.GetFileName(directory), directory);

    /// <summary>Its address, as in sysfs.</summary>
    internal string Name { get; }

    internal string Directory { get; }

    /// <summary>The kernel driver it is bound to; null if there is none.</summary>
    internal string? Driver => LinkName("driver");

    /// <summary>The driver gives functions to user space: vfio-pci, or a vendor's variant of it such as mlx5_vfio_pci.</summary>
    internal bool IsBoundToVfio => Driver is { } driver && IsVfio(driver);

    /// <summary>
    /// What the IOMMU does for its group while the kernel has it, as in "DMA", "DMA-FQ" or "identity" (kernel documentation,
    /// ABI/testing/sysfs-kernel-iommu_groups); null where no IOMMU is in use, or the kernel does not say.
    /// </summary>
    internal string? IommuType => ReadText("iommu_group/type");

    /// <summary>The IOMMU lets through only what the kernel has mapped, so a physical address that it knows nothing of is blocked.</summary>
    internal bool IsBehindTranslation => IommuType is "DMA" or "DMA-FQ" or "blocked";

    /// <summary>Its NUMA node; null where the kernel knows none (-1, or no such file).</summary>
    internal int? NumaNode => int.TryParse(ReadText("numa_node"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int node)
        && node >= 0 ? node : null;

    internal static bool IsVfio(string driver) => driver.Replace('_', '-').EndsWith("vfio-pci", StringComparison.Ordinal);

    // Null where there is no such link.
    private string? LinkName(string link) => Path.GetFileName(new FileInfo(Path.Combine(Directory, link)).LinkTarget);

    // Null where this kernel has no such file.
    private string? ReadText(string file)
    {
        string path = Path.Combine(Directory, file);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }
}
