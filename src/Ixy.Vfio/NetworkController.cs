using Ixy.Vfio.Sysfs;

namespace Ixy.Vfio;

/// <summary>A network card of this machine (PCI class 02), as sysfs shows it to everybody. A picture of the moment.</summary>
public sealed record NetworkController
{
    private NetworkController(SysfsFunction function, OpenFunctions open)
    {
        Address = PciAddress.TryParse(function.Name, out var address) ? address : throw new PciDeviceException($"{function.Directory} has no PCI address as its name");
        (VendorId, DeviceId, Driver) = (function.VendorId, function.DeviceId, function.Driver);
        Name = PciNames.Find(VendorId, DeviceId);
        (IommuGroup, NumaNode) = (function.IommuGroup, function.NumaNode);
        Interfaces = [.. function.NetworkInterfaces().Order(StringComparer.Ordinal).Select(NetworkControllerInterface.Of)];
        IsBoundToVfio = function.IsBoundToVfio;
        Use = open.UserOf(function) is { } process ? $"driven by {process}" : function.FindInterfaceUse()?.ToString();
    }

    /// <summary>Where it is.</summary>
    public PciAddress Address { get; }

    /// <summary>PCI vendor id.</summary>
    public ushort VendorId { get; }

    /// <summary>PCI device id.</summary>
    public ushort DeviceId { get; }

    /// <summary>Vendor and device, from the list of PCI ids of the distribution; null if there is none.</summary>
    public string? Name { get; }

    /// <summary>The kernel driver it is bound to; null if there is none.</summary>
    public string? Driver { get; }

    /// <summary>The driver gives it to user space, so it is for <see cref="VfioPciDevice"/>.</summary>
    public bool IsBoundToVfio { get; }

    /// <summary>The kernel's network interfaces of it in this network namespace.</summary>
    public IReadOnlyList<NetworkControllerInterface> Interfaces { get; }

    /// <summary>The number of its IOMMU group; null where no IOMMU is in use.</summary>
    public int? IommuGroup { get; }

    /// <summary>The memory node it is next to; null if the machine does not say.</summary>
    public int? NumaNode { get; }

    /// <summary>
    /// What it is in use for, as in "eth0 carries the default route" or "driven by ixy (process 4711)"; null if nothing is seen.
    /// Processes of other users are only seen by root.
    /// </summary>
    public string? Use { get; }

    /// <summary>All network cards, in the order of their addresses.</summary>
    public static IReadOnlyList<NetworkController> FindAll() => FindAll(PciBus.OfThisMachine);

    internal static IReadOnlyList<NetworkController> FindAll(PciBus bus)
    {
        var open = new OpenFunctions(bus.Processes);
        return [.. bus.Functions().Where(function => function.IsNetworkController).Select(function => new NetworkController(function, open))];
    }
}

/// <summary>A network interface of the kernel.</summary>
/// <param name="Name">As in <c>eth0</c>.</param>
/// <param name="HardwareAddress">Its MAC address, as in <c>02:00:5e:00:53:01</c>; empty if the kernel shows none.</param>
public sealed record NetworkControllerInterface(string Name, string HardwareAddress)
{
    internal static NetworkControllerInterface Of(string directory)
    {
        string address = Path.Combine(directory, "address");
        return new(Path.GetFileName(directory), File.Exists(address) ? File.ReadAllText(address).Trim() : "");
    }
}
