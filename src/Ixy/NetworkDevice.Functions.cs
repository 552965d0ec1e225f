using Ixy.Opening;
using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy;

// For callers that open the PCI function themselves, or only ask whether it could be opened.
public abstract partial class NetworkDevice
{
    /// <summary>Starts the driver for a PCI function. The network device owns the function from now on.</summary>
    /// <exception cref="PciDeviceException">There is no driver for it, or it does not answer.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static NetworkDevice Open(PciDevice function, NetworkDeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            options.Validate();
        }
        catch
        {
            function.Dispose();
            throw;
        }
        return Drivers.Start(function, options);
    }

    /// <summary>The driver's name, e.g. <c>ixgbe</c>.</summary>
    public abstract string DriverName { get; }

    /// <summary>
    /// The name of the driver for cards with these PCI ids, as <see cref="DriverName"/>; null if there is none.
    /// </summary>
    public static string? FindDriver(ushort vendorId, ushort deviceId) => Drivers.FindName(vendorId, deviceId);

    /// <summary>
    /// Finds out whether <see cref="Open(PciDevice, NetworkDeviceOptions)"/> would refuse a PCI function at once, for
    /// example behind an IOMMU that would block its DMA. Nothing is started. Only for a function that nothing else
    /// uses.
    /// </summary>
    /// <exception cref="PciDeviceException">It would; the message says how to fix it.</exception>
    public static void Check(PciDevice function)
    {
        ArgumentNullException.ThrowIfNull(function);
        Drivers.Check(function);
        if (VirtioDevice.Supports(function)) VirtioDevice.CheckMemoryAccess(function);
    }
}
