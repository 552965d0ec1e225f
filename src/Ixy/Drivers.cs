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
        // A virtio device has to be asked first: its driver does.
        if (IxgbeDevice.Supports(function)) function.ThrowIfTranslated();
        else if (!VirtioDevice.Supports(function)) throw Unsupported(function);
    }

    /// <summary>Starts the driver for a function that was checked.</summary>
    internal static NetworkDevice Start(PciDevice function, NetworkDeviceOptions options) =>
        IxgbeDevice.Supports(function) ? new IxgbeDevice(function, options) : new VirtioDevice(function, options);
}
