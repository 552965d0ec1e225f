using System.Globalization;

namespace Ixy.Vfio.Sysfs;

// Its IOMMU group, and the functions beside it.
internal sealed partial class SysfsFunction
{
    /// <summary>The function with this name; null if there is none, or no longer.</summary>
    internal static SysfsFunction? Find(string root, string name) =>
        System.IO.Directory.Exists(Path.Combine(root, name)) ? new(Path.Combine(root, name)) : null;

    /// <summary>The number of its IOMMU group; null where no IOMMU is in use.</summary>
    internal int? IommuGroup =>
        int.TryParse(LinkName("iommu_group"), NumberStyles.None, CultureInfo.InvariantCulture, out int group) ? group : null;

    /// <summary>The devices of its IOMMU group, itself among them. Not all need be PCI functions.</summary>
    internal IEnumerable<SysfsFunction> GroupMembers()
    {
        string functions = Path.GetDirectoryName(Directory)!, members = Path.Combine(Directory, "iommu_group", "devices");
        foreach (string name in System.IO.Directory.GetFileSystemEntries(members).Select(Path.GetFileName).Order(StringComparer.Ordinal)!)
        {
            if ((Find(functions, name) ?? Find(members, name)) is { } member) yield return member;
        }
    }
}
