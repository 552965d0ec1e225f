using Ixy.Ixgbe;
using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy;

/// <summary>The list of drivers, and which of them is for a PCI function.</summary>
internal static partial class Drivers
{
    /// <summary>Called before the function is touched.</summary>
    /// <exception cref="PciDeviceException">There is no driver for it, or none for its transport.</exception>
    internal static void Check(PciDevice function)
    {
        // Only a virtio device's driver can ask it whether that matters.
        if (IsIxgbe(function)) function.ThrowIfTranslated();
        else if (!VirtioDevice.Supports(function)) throw Unsupported(function);
    }

    /// <summary>Starts the driver for a function that was checked.</summary>
    internal static NetworkDevice Start(PciDevice function, NetworkDeviceOptions options) =>
        IsIxgbe(function) ? new IxgbeDevice(function, options) : new VirtioDevice(function, options);

    private static bool IsIxgbe(PciDevice function) => IxgbeDevice.Supports(function.VendorId, function.DeviceId);
}
