using System.Collections.Concurrent;
using Ixy.Ixgbe;
using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy;

// Which transports and drivers there are, and which of them a specifier means.
public abstract partial class NetworkDevice
{
    private static readonly ConcurrentDictionary<string, Func<string, PciDevice>> s_transports = new()
    {
        [VfioUserPciDevice.Prefix.TrimEnd(':')] = specifier => new VfioUserPciDevice(specifier[VfioUserPciDevice.Prefix.Length..], IsSupported),
    };

    /// <summary>
    /// Opens the card that <paramref name="specifier"/> names: a PCI address (<c>0000:03:00.0</c>), the socket of
    /// a vfio-user server (<c>vfio-user:/path</c>), or a specifier with a scheme that was registered (<c>sim:…</c>), resets it and starts its queues. The link may still be down:
    /// see <see cref="WaitForLink"/>.
    /// </summary>
    /// <exception cref="PciDeviceException">No such device, no rights, no driver for it, or it does not answer.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static NetworkDevice Open(string specifier, NetworkDeviceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(specifier);
        options ??= new();
        options.Validate();
        return Open(OpenPci(specifier), options);
    }

    /// <summary>
    /// Opens the PCI function that <paramref name="specifier"/> names, and no driver yet: the card is as it was. What takes
    /// long can be done before <see cref="Open(PciDevice, NetworkDeviceOptions)"/> starts it, and the network with it.
    /// </summary>
    /// <exception cref="PciDeviceException">No such device, or no rights.</exception>
    public static PciDevice OpenPci(string specifier)
    {
        ArgumentNullException.ThrowIfNull(specifier);
        if (PciAddress.TryParse(specifier, out var address))
            return KernelPciDevice.Open(address, IsSupported);
        int colon = specifier.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && s_transports.TryGetValue(specifier[..colon], out var open)) return open(specifier);
        string schemes = string.Join(", ", s_transports.Keys.Order().Select(scheme => $"'{scheme}:…'"));
        throw new DeviceSpecifierException(
            $"'{specifier}' names no device: expected a PCI address like 0000:03:00.0 or {schemes}");
    }

    /// <summary>Starts the driver for a PCI function. The network device owns the function from now on.</summary>
    /// <exception cref="PciDeviceException">There is no driver for it, or it does not answer.</exception>
    public static NetworkDevice Open(PciDevice function, NetworkDeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            options.Validate();
            IsSupported(function);
            function.WakeUp();
            function.DisableMessages();
            return IxgbeDevice.Supports(function) ? new IxgbeDevice(function, options) : new VirtioDevice(function, options);
        }
        catch
        {
            function.Dispose();
            throw;
        }
    }

    /// <summary>The name of the driver for cards with these PCI ids, as <see cref="DriverName"/>; null if there is none.</summary>
    public static string? FindDriver(ushort vendorId, ushort deviceId) =>
        IxgbeDevice.Supports(vendorId, deviceId) ? IxgbeDevice.Driver : VirtioDevice.Supports(vendorId, deviceId) ? VirtioDevice.Driver : null;

    /// <summary>
    /// Makes <paramref name="open"/> responsible for specifiers that begin with <paramref name="scheme"/> and a colon.
    /// The last registration of a scheme counts. Thread-safe.
    /// </summary>
    public static void RegisterTransport(string scheme, Func<string, PciDevice> open) => s_transports[scheme] = open;

    private static void IsSupported(PciDevice function)
    {
        // Before it is touched. A virtio device has to be asked first: its driver does.
        if (IxgbeDevice.Supports(function)) function.ThrowIfTranslated();
        else if (!VirtioDevice.Supports(function)) throw Unsupported(function);
    }

    private static PciDeviceException Unsupported(PciDevice function)
    {
        string id = $"{function.VendorId:x4}:{function.DeviceId:x4}";
        const uint EthernetController = 0x0200;
        return function.ClassCode >> 8 == EthernetController
            ? new($"{function.Name} ({id}) is a network card without a driver here: supported are Intel 82599, X540 and X550, and virtio-net")
            : new($"{function.Name} ({id}) is no network card: its PCI class is {function.ClassCode:x6}, expected 0200xx");
    }
}
