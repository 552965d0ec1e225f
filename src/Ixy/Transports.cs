using System.Collections.Concurrent;
using Ixy.Vfio;

namespace Ixy;

/// <summary>Which transports there are, and which of them a specifier means (design D3). Thread-safe.</summary>
internal static partial class Transports
{
    private static readonly ConcurrentDictionary<string, Func<string, PciDevice>> s_schemes = new();

    internal static void Register(string scheme, Func<string, PciDevice> open) => s_schemes[scheme] = open;

    /// <exception cref="PciDeviceException">No such device, or no rights.</exception>
    internal static PciDevice Open(string specifier) =>
        PciAddress.TryParse(specifier, out var address)
            ? KernelPciDevice.Open(address, Drivers.Check) : OpenScheme(specifier);
}
