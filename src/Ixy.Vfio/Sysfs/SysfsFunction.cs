using System.Globalization;

namespace Ixy.Vfio.Sysfs;

/// <summary>What sysfs tells everybody about a PCI function: its driver, its IOMMU group, its network interfaces.</summary>
internal sealed partial class SysfsFunction
{
    internal const string Root = "/sys/bus/pci/devices";

    /// <exception cref="DeviceNotFoundException">There is none at this address.</exception>
    internal SysfsFunction(string root, string name)
    {
        (Name, Directory) = (name, Path.Combine(root, name));
        if (!System.IO.Directory.Exists(Directory))
            throw new DeviceNotFoundException($"there is no PCI function {Name}: 'ls {root}' shows those there are");
    }

    /// <summary>Its address, as in sysfs.</summary>
    internal string Name { get; }

    internal string Directory { get; }

    /// <summary>The kernel driver it is bound to; null if there is none.</summary>
    internal string? Driver => LinkName("driver");

    /// <summary>The driver gives functions to user space: vfio-pci, or a vendor's variant of it such as mlx5_vfio_pci.</summary>
    internal bool IsBoundToVfio => Driver is { } driver && IsVfio(driver);

    /// <summary>The number of its IOMMU group; null where no IOMMU is in use.</summary>
    internal int? IommuGroup =>
        LinkName("iommu_group") is { } group ? int.Parse(group, NumberStyles.None, CultureInfo.InvariantCulture) : null;

    /// <summary>Its NUMA node; null where the kernel knows none (-1, or no such file).</summary>
    internal int? NumaNode
    {
        get
        {
            string path = Path.Combine(Directory, "numa_node");
            if (!File.Exists(path)) return null;
            int node = int.Parse(File.ReadAllText(path), NumberStyles.Integer, CultureInfo.InvariantCulture);
            return node < 0 ? null : node;
        }
    }

    /// <summary>The functions of its IOMMU group, itself among them.</summary>
    internal IEnumerable<SysfsFunction> GroupMembers() => System.IO.Directory
        .GetFileSystemEntries(Path.Combine(Directory, "iommu_group", "devices")).Order(StringComparer.Ordinal)
        .Select(member => new SysfsFunction(Path.GetDirectoryName(Directory)!, Path.GetFileName(member)));

    /// <summary>Directories of its network interfaces.</summary>
    internal IEnumerable<string> NetworkInterfaces() => NetworkDirectories().SelectMany(System.IO.Directory.GetDirectories);

    // Where its interfaces are; those of a virtio function are below its virtio device.
    private IEnumerable<string> NetworkDirectories() => System.IO.Directory.GetDirectories(Directory, "virtio*").Append(Directory)
        .Select(device => Path.Combine(device, "net")).Where(System.IO.Directory.Exists);

    internal static bool IsVfio(string driver) => driver.Replace('_', '-').EndsWith("vfio-pci", StringComparison.Ordinal);

    // Null where there is no such link.
    private string? LinkName(string link) => Path.GetFileName(new FileInfo(Path.Combine(Directory, link)).LinkTarget);
}
