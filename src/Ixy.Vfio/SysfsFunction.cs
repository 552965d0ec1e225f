using System.Globalization;

namespace Ixy.Vfio;

/// <summary>
/// What sysfs tells everyone about a PCI function: its driver, its IOMMU group, its NUMA node. Read again each time.
/// For any thread.
/// </summary>
public sealed partial class SysfsFunction
{
    /// <summary>
    /// Where the kernel shows the functions of this machine, each in a directory named after its address.
    /// </summary>
    public const string Root = "/sys/bus/pci/devices";

    /// <summary>The function with this name.</summary>
    /// <param name="root">The directory of all functions, see <see cref="Root"/>.</param>
    /// <param name="name">Its address in the long form.</param>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    public SysfsFunction(string root, string name) : this(Path.Combine(root, name))
    {
        if (!System.IO.Directory.Exists(Directory)) throw NotFound(root);
    }

    private SysfsFunction(string directory) => (Name, Directory) = (Path.GetFileName(directory), directory);

    /// <summary>Its address, as in sysfs.</summary>
    public string Name { get; }

    /// <summary>Its directory.</summary>
    public string Directory { get; }

    /// <summary>The kernel driver it is bound to; null if there is none.</summary>
    public string? Driver => LinkName("driver");

    /// <summary>
    /// The driver gives functions to user space: vfio-pci, or a vendor's variant such as mlx5_vfio_pci.
    /// </summary>
    public bool IsBoundToVfio => Driver is { } driver && IsVfio(driver);

    /// <summary>
    /// What the IOMMU does for its group while the kernel has it, as in "DMA", "DMA-FQ" or "identity" (kernel
    /// documentation, ABI/testing/sysfs-kernel-iommu_groups); null if no IOMMU is in use, or the kernel does not say.
    /// </summary>
    public string? IommuType => ReadText("iommu_group/type");

    /// <summary>
    /// The IOMMU lets through only what the kernel has mapped, so a physical address unknown to it is blocked.
    /// </summary>
    public bool IsBehindTranslation => IommuType is "DMA" or "DMA-FQ" or "blocked";

    /// <summary>Its NUMA node; null if the kernel knows none (-1, or no such file).</summary>
    public int? NumaNode =>
        int.TryParse(ReadText("numa_node"), CultureInfo.InvariantCulture, out int node) && node >= 0 ? node : null;

    /// <summary>Whether the driver of this name gives functions to user space.</summary>
    public static bool IsVfio(string driver) => driver.Replace('_', '-').EndsWith("vfio-pci", StringComparison.Ordinal);

    // Null if there is no such link.
    private string? LinkName(string link) => Path.GetFileName(new FileInfo(Path.Combine(Directory, link)).LinkTarget);

    /// <summary>The text of one of its files, trimmed; null if this kernel has no such file.</summary>
    public string? ReadText(string file)
    {
        string path = Path.Combine(Directory, file);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }
}
