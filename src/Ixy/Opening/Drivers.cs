using System.Collections.Concurrent;
using Ixy.Ixgbe;
using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy.Opening;

/// <summary>
/// The list of transports and drivers, which of them a specifier means (design D3), and which a PCI function needs.
/// Thread-safe.
/// </summary>
internal static partial class Drivers
{
    /// <summary>The registered transports: what opens a specifier with this scheme.</summary>
    internal static readonly ConcurrentDictionary<string, Func<string, PciDevice>> Schemes = new();

    /// <exception cref="PciDeviceException">There is no such device, or no permission.</exception>
    internal static PciDevice OpenPci(string specifier) => PciAddress.TryParse(specifier, out var address)
        ? KernelPciDevice.Open(address, Check) : OpenScheme(specifier);

    /// <summary>Called before the function is touched.</summary>
    /// <exception cref="PciDeviceException">There is no driver for it, or none for its transport.</exception>
    internal static void Check(PciDevice function)
    {
        // Only a virtio device's driver can ask it whether that matters.
        if (IsIxgbe(function)) function.ThrowIfTranslated();
        else if (!VirtioDevice.Supports(function)) throw Unsupported(function);
    }

    /// <summary>Starts the driver for a function, which belongs to it; disposes the function if that fails.</summary>
    internal static NetworkDevice Start(PciDevice function, NetworkDeviceOptions options)
    {
        try
        {
            Check(function);
            function.WakeUp();
            function.DisableMessages();
            return IsIxgbe(function) ? new IxgbeDevice(function, options) : new VirtioDevice(function, options);
        }
        catch { function.Dispose(); throw; }
    }

    private static bool IsIxgbe(PciDevice function) => IxgbeDevice.Supports(function.VendorId, function.DeviceId);
}
