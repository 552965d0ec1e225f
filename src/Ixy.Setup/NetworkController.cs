using System.Net.NetworkInformation;
using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup;

/// <summary>A network card of this machine (PCI class 02), as sysfs shows it to everyone. A snapshot.</summary>
public sealed record NetworkController
{
    // The identity must be readable; the rest may be unknown.
    private NetworkController(SysfsFunction function, OpenFunctions open, Action<string> tell)
    {
        var read = new Reading(function.Name, tell);
        Address = PciAddress.TryParse(function.Name, out var address) ? address
            : throw new PciDeviceException($"its name is not a PCI address, expected one like 0000:03:00.0");
        (VendorId, DeviceId, Driver) = (function.VendorId, function.DeviceId, function.Driver);
        IsBoundToVfio = function.IsBoundToVfio;
        Name = read.Try("its name", () => PciNames.Find(VendorId, DeviceId));
        IommuGroup = function.IommuGroup;
        IommuType = read.Try("the type of its IOMMU group", () => function.IommuType);
        NumaNode = read.Try("its NUMA node", () => function.NumaNode);
        Interfaces = read.Try(
            "its network interfaces", () =>
            function.NetworkInterfaces().Order(StringComparer.Ordinal).Select(NetworkControllerInterface.Of).ToArray())
            ?? [];
        if (open.UserOf(function) is { } process)
            (Use, UseCure) = ($"driven by {process}", $"sudo kill {open.ProcessOf(function)}");
        else Use = read.Try("what it is in use for", () => DescribeInterfaceUse(function), otherwise: "cannot be told");
    }

    /// <summary>Its address.</summary>
    public PciAddress Address { get; }

    /// <summary>PCI vendor id.</summary>
    public ushort VendorId { get; }

    /// <summary>PCI device id.</summary>
    public ushort DeviceId { get; }

    /// <summary>Vendor and device, from the distribution's list of PCI ids; null if it is not listed.</summary>
    public string? Name { get; }

    /// <summary>The kernel driver it is bound to; null if there is none.</summary>
    public string? Driver { get; }

    /// <summary>The driver gives it to user space, so it is usable with <see cref="VfioPciDevice"/>.</summary>
    public bool IsBoundToVfio { get; }

    /// <summary>Its kernel network interfaces in this network namespace.</summary>
    public IReadOnlyList<NetworkControllerInterface> Interfaces { get; }

    /// <summary>The number of its IOMMU group; null if no IOMMU is in use.</summary>
    public int? IommuGroup { get; }

    /// <summary>
    /// What the IOMMU does for this group while no VFIO driver has it, in the kernel's words: <c>DMA</c> or
    /// <c>DMA-FQ</c> (it translates, so the card cannot be used through sysfs), <c>identity</c> (it does not,
    /// iommu=pt); null if no IOMMU is in use, or the kernel does not say.
    /// </summary>
    public string? IommuType { get; }

    /// <summary>The nearest memory node; null if the machine does not say.</summary>
    public int? NumaNode { get; }

    /// <summary>
    /// What it is used for, as in "eth0 carries the default route" or "driven by ixy (process 4711)"; null if no use
    /// was found. Only root sees other users' processes. If that cannot be read, it says so.
    /// </summary>
    public string? Use { get; }

    /// <summary>The command to end the <see cref="Use"/>; null if none is known.</summary>
    internal string? UseCure { get; private set; }

    /// <summary>
    /// All network cards, in the order of their addresses. A card that disappears meanwhile is omitted.
    /// </summary>
    /// <param name="tell">Called with a sentence about each thing that could not be read, and each entry omitted
    /// because of that; null to ignore them.</param>
    public static IReadOnlyList<NetworkController> FindAll(Action<string>? tell = null) =>
        FindAll(PciBus.OfThisMachine, tell);

    internal static IReadOnlyList<NetworkController> FindAll(PciBus bus, Action<string>? tell = null)
    {
        tell ??= _ => { };
        var open = new OpenFunctions(bus.Processes);
        return [.. bus.Functions().Select(function => Find(function, open, tell)).OfType<NetworkController>()];
    }

    /// <exception cref="PciDeviceException">The kernel does not say what it is.</exception>
    internal static NetworkController Of(SysfsFunction function, OpenFunctions open, Action<string> tell) =>
        new(function, open, tell);

    // A card that cannot be read is not a reason to hide the others.
    private static NetworkController? Find(SysfsFunction function, OpenFunctions open, Action<string> tell)
    {
        try
        {
            return function.IsNetworkController ? new(function, open, tell) : null;
        }
        catch (Exception error) when (Reading.IsExpected(error))
        {
            if (Directory.Exists(function.Directory)) tell($"{function.Name} is left out: {error.Message}");
            return null;
        }
    }

    private string? DescribeInterfaceUse(SysfsFunction function)
    {
        var use = function.FindInterfaceUse();
        UseCure = use?.Cure;
        return use?.ToString();
    }

    /// <summary>Values that may be unreadable for their own reasons.</summary>
    private sealed class Reading(string name, Action<string> tell)
    {
        internal static bool IsExpected(Exception error) =>
            error is IOException or UnauthorizedAccessException or PciDeviceException or NetworkInformationException
            or FormatException;

        internal T? Try<T>(string what, Func<T?> read, T? otherwise = default)
        {
            try
            {
                return read();
            }
            catch (Exception error) when (IsExpected(error))
            {
                tell($"{name}: {what} cannot be read: {error.Message}");
                return otherwise;
            }
        }
    }
}

/// <summary>A kernel network interface.</summary>
/// <param name="Name">As in <c>eth0</c>.</param>
/// <param name="HardwareAddress">Its MAC address, as in <c>02:00:5e:00:53:01</c>; empty if the kernel shows
/// none.</param>
public sealed record NetworkControllerInterface(string Name, string HardwareAddress)
{
    internal static NetworkControllerInterface Of(string directory)
    {
        string address = Path.Combine(directory, "address");
        return new(Path.GetFileName(directory), File.Exists(address) ? File.ReadAllText(address).Trim() : "");
    }
}
