namespace Ixy.Vfio;

/// <summary>
/// VFIO is not available: its kernel modules are not loaded or have another version, there is no IOMMU or it is not in
/// use, or it does not remap interrupts. The message says how to fix it. The sysfs transport needs none of this.
/// </summary>
public sealed class VfioUnavailableException(string message) : PciDeviceException(message);

/// <summary>The function is not bound to vfio-pci; the message has the commands to bind it.</summary>
public sealed class NotBoundToVfioException(string message, string? driver) : PciDeviceException(message)
{
    /// <summary>The kernel driver it is bound to; null if there is none.</summary>
    public string? Driver { get; } = driver;
}

/// <summary>
/// Other functions of the IOMMU group, which can reach each other's memory, are still driven by the kernel.
/// </summary>
public sealed class GroupNotViableException(string message, int group, IReadOnlyList<string> devices)
    : PciDeviceException(message)
{
    /// <summary>The IOMMU group's number.</summary>
    public int Group { get; } = group;

    /// <summary>The group's functions that prevent its use, each as "address (driver)".</summary>
    public IReadOnlyList<string> Devices { get; } = devices;
}

/// <summary>Another process uses the function, or another function of its IOMMU group.</summary>
public sealed class DeviceBusyException(string message) : PciDeviceException(message);

/// <summary>VFIO pins DMA memory, and the process may not lock that much (RLIMIT_MEMLOCK).</summary>
public sealed class MemoryLockLimitException(string message, ulong limit, ulong needed) : PciDeviceException(message)
{
    /// <summary>Bytes the process may lock now.</summary>
    public ulong Limit { get; } = limit;

    /// <summary>Bytes it has locked, plus those it needed.</summary>
    public ulong Needed { get; } = needed;
}

/// <summary>The transport or the function has no interrupts of this kind, or not that many.</summary>
public sealed class InterruptsNotSupportedException(string message) : PciDeviceException(message);

/// <summary>The other end of a vfio-user socket is gone: its process ended, or it closed the connection.</summary>
public sealed class VfioUserDisconnectedException(string message) : PciDeviceException(message);

/// <summary>The other end of a vfio-user socket sent something that the protocol does not allow.</summary>
public sealed class VfioUserProtocolException(string message) : PciDeviceException(message);

/// <summary>The server of a vfio-user device refused a command.</summary>
public sealed class VfioUserRefusedException(string message, int error) : PciDeviceException(message)
{
    /// <summary>The errno value it returned; 0 if none.</summary>
    public int Error { get; } = error;
}
