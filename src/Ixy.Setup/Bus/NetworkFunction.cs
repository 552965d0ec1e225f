using System.Globalization;
using Ixy.Vfio;

namespace Ixy.Setup.Bus;

/// <summary>What an operator wants to know about a function: what it is, where it is, and what uses it.</summary>
internal static class NetworkFunction
{
    private const int NetworkController = 0x02; // PCI Code and ID Assignment 1.11, section 1.3

    extension(SysfsFunction function)
    {
        /// <exception cref="PciDeviceException">The kernel shows none.</exception>
        internal ushort VendorId => (ushort)ReadNumber(function, "vendor");

        /// <exception cref="PciDeviceException">The kernel shows none.</exception>
        internal ushort DeviceId => (ushort)ReadNumber(function, "device");

        /// <summary>Base class, subclass and interface in 24 bits.</summary>
        /// <exception cref="PciDeviceException">The kernel shows none: it is not a PCI function.</exception>
        internal int ClassCode => ReadNumber(function, "class");

        internal bool IsNetworkController => function.ClassCode >> 16 == NetworkController;

        /// <summary>The only driver the kernel may bind it to; null if any matching one may.</summary>
        internal string? DriverOverride => function.ReadText("driver_override") is { Length: > 0 } name and not "(null)"
            ? name : null;

        /// <summary>The use of the first of its network interfaces that is in use; null if none is.</summary>
        internal InterfaceUse? FindInterfaceUse() =>
            function.NetworkInterfaces().Select(InterfaceUse.Of).FirstOrDefault(use => use is not null)
            ?? (NetworkDirectories(function).Any(directory => Directory.GetDirectories(directory).Length == 0)
                ? InterfaceUse.Elsewhere : null);

        /// <summary>Directories of its network interfaces.</summary>
        internal IEnumerable<string> NetworkInterfaces() =>
            NetworkDirectories(function).SelectMany(Directory.GetDirectories);
    }

    // Where its interfaces are; those of a virtio function are below its virtio device.
    private static IEnumerable<string> NetworkDirectories(SysfsFunction function) =>
        Directory.GetDirectories(function.Directory, "virtio*").Append(function.Directory)
            .Select(device => Path.Combine(device, "net")).Where(Directory.Exists);

    private static int ReadNumber(SysfsFunction function, string file) =>
        function.ReadText(file) is { } text && text.StartsWith("0x", StringComparison.Ordinal)
        && int.TryParse(
            text.AsSpan("0x".Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new PciDeviceException(
                $"{Path.Combine(function.Directory, file)} does not say what {function.Name} is: expected a number "
                + "like 0x8086");
}
