using System.Globalization;

namespace Ixy.Vfio.Sysfs;

/// <summary>What an operator asks of a function: what it is, where it is, and who uses it.</summary>
internal sealed partial class SysfsFunction
{
    private const int NetworkController = 0x02; // PCI Code and ID Assignment 1.11, section 1.3

    /// <exception cref="PciDeviceException">The kernel shows none.</exception>
    internal ushort VendorId => (ushort)ReadNumber("vendor");

    /// <exception cref="PciDeviceException">The kernel shows none.</exception>
    internal ushort DeviceId => (ushort)ReadNumber("device");

    /// <summary>Base class, subclass and interface in 24 bits.</summary>
    /// <exception cref="PciDeviceException">The kernel shows none: it is no PCI function.</exception>
    internal int ClassCode => ReadNumber("class");

    internal bool IsNetworkController => ClassCode >> 16 == NetworkController;

    /// <summary>The only driver that the kernel may bind it to; null if any that knows it may have it.</summary>
    internal string? DriverOverride => ReadText("driver_override") is { Length: > 0 } name and not "(null)" ? name : null;

    /// <summary>What the first of its network interfaces that is in use is in use for; null if none is.</summary>
    internal InterfaceUse? FindInterfaceUse() =>
        NetworkInterfaces().Select(InterfaceUse.Of).FirstOrDefault(use => use is not null)
        ?? (NetworkDirectories().Any(directory => System.IO.Directory.GetDirectories(directory).Length == 0) ? InterfaceUse.Elsewhere : null);

    /// <summary>Directories of its network interfaces.</summary>
    internal IEnumerable<string> NetworkInterfaces() => NetworkDirectories().SelectMany(System.IO.Directory.GetDirectories);

    // Where its interfaces are; those of a virtio function are below its virtio device.
    private IEnumerable<string> NetworkDirectories() => System.IO.Directory.GetDirectories(Directory, "virtio*").Append(Directory)
        .Select(device => Path.Combine(device, "net")).Where(System.IO.Directory.Exists);

    private int ReadNumber(string file) =>
        ReadText(file) is { } text && text.StartsWith("0x", StringComparison.Ordinal)
        && int.TryParse(text.AsSpan("0x".Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new PciDeviceException($"{Path.Combine(Directory, file)} does not say what {Name} is: expected a number like 0x8086");
}
