using Ixy.Ixgbe;
using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy;

/// <summary>Which drivers there are, and which of them is for a PCI function.</summary>
internal static partial class Drivers
{
    /// <summary>Before it is touched.</summary>
    /// <exception cref="PciDeviceException">There is no driver for it, or not the way it is reached.</exception>
    internal static void Check(PciDevice function)
    {
        // Whether that matters to a virtio device, only its driver can ask it.
        if (IsIxgbe(function)) function.ThrowIfTranslated();
        else if (!VirtioDevice.Supports(function)) throw Unsupported(function);
    }

    /// <summary>Starts the driver for a function that was checked.</summary>
    internal static NetworkDevice Start(PciDevice function, NetworkDeviceOptions options) =>
        IsIxgbe(function) ? new IxgbeDevice(function, options) : new VirtioDevice(function, options);

    private static bool IsIxgbe(PciDevice function) => IxgbeDevice.Supports(function.VendorId, function.DeviceId);
}
