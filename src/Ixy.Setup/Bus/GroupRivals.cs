using Ixy.Vfio;

namespace Ixy.Setup.Bus;

/// <summary>
/// Functions of an IOMMU group that the kernel drives: VFIO gives the group to nobody until they are released. Bridges
/// may keep their driver, and so may what has one that does nothing (kernel documentation, driver-api/vfio).
/// </summary>
internal static class GroupRivals
{
    private const int Bridge = 0x06;
    private const string Stub = "pci-stub";

    /// <summary>The rivals of a function that is in a group, each with the command that releases it.</summary>
    internal static IEnumerable<(SysfsFunction Rival, string Cure)> Of(SysfsFunction function) =>
        from member in function.GroupMembers()
        let isFunction = PciAddress.TryParse(member.Name, out _)
        where member.Name != function.Name && member.Driver is not (null or Stub) && !member.IsBoundToVfio
            && !(isFunction && member.ClassCode >> 16 == Bridge)
        select (member, isFunction && member.IsNetworkController ? $"sudo ixy bind {member.Name}"
            : $"echo {member.Name} | sudo tee {member.Directory}/driver/unbind");
}
