using System.Globalization;

namespace Ixy.Vfio;

// Its IOMMU group, and errors about it.
public sealed partial class SysfsFunction
{
    /// <summary>
    /// The function with this name in the directory of all functions; null if there is none (any more).
    /// </summary>
    public static SysfsFunction? Find(string root, string name) =>
        System.IO.Directory.Exists(Path.Combine(root, name)) ? new(Path.Combine(root, name)) : null;

    /// <summary>The number of its IOMMU group; null if no IOMMU is in use.</summary>
    public int? IommuGroup =>
        int.TryParse(LinkName("iommu_group"), NumberStyles.None, CultureInfo.InvariantCulture, out int group) ? group
        : null;

    /// <summary>The devices of its IOMMU group, including itself. They need not all be PCI functions.</summary>
    public IEnumerable<SysfsFunction> GroupMembers()
    {
        string functions = Path.GetDirectoryName(Directory)!,
            members = Path.Combine(Directory, "iommu_group", "devices");
        foreach (string name in System.IO.Directory.GetFileSystemEntries(members).Select(Path.GetFileName)
            .Order(StringComparer.Ordinal)!)
        {
            if ((Find(functions, name) ?? Find(members, name)) is { } member) yield return member;
        }
    }

    private DeviceNotFoundException NotFound(string root) =>
        new($"there is no PCI function {Name}: 'ls {root}' shows those there are");

    /// <summary>
    /// Why it cannot be used with physical addresses if <see cref="IsBehindTranslation"/>, and how to fix that.
    /// </summary>
    public string DescribeTranslation() =>
        $"{Name} is behind an IOMMU that translates (the type of its group {IommuGroup} is {IommuType}), which blocks "
        + "the " +
        $"physical addresses that sysfs has to do with: use it through VFIO with 'sudo {IxyCommand.Name} bind {Name}', "
        + "or boot the kernel with iommu=pt";
}
