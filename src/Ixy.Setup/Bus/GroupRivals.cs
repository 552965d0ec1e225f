using Ixy.Vfio;

namespace Ixy.Setup.Bus;

/// <summary>
/// Functions of an IOMMU group that the kernel drives: VFIO does not give out the group until they are released.
/// Bridges may keep their driver, and so may functions whose driver does nothing (kernel documentation,
/// driver-api/vfio).
/// </summary>
internal static class GroupRivals
{
    private const int Bridge = 0x06;
    private const string Stub = "pci-stub";

    /// <summary>The rivals of a function that is in a group, each with the command to release it.</summary>
    internal static IEnumerable<(SysfsFunction Rival, string Cure)> Of(SysfsFunction function) =>
        from member in function.GroupMembers()
        let isFunction = PciAddress.TryParse(member.Name, out _)
        where member.Name != function.Name && member.Driver is not (null or Stub) && !member.IsBoundToVfio
            && !(isFunction && member.ClassCode >> 16 == Bridge)
        select (member, isFunction && member.IsNetworkController ? $"sudo {IxyCommand.Name} bind {member.Name}"
            : $"echo {member.Name} | sudo tee {member.Directory}/driver/unbind");
}
