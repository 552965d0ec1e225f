using System.Collections.Concurrent;
using Ixy.Vfio;

namespace Ixy;

/// <summary>The list of transports, and which of them a specifier means (design D3). Thread-safe.</summary>
internal static partial class Transports
{
    /// <summary>What opens a specifier with this scheme.</summary>
    internal static readonly ConcurrentDictionary<string, Func<string, PciDevice>> Schemes = new();

    /// <exception cref="PciDeviceException">There is no such device, or no permission.</exception>
    internal static PciDevice Open(string specifier) =>
        PciAddress.TryParse(specifier, out var address)
            ? KernelPciDevice.Open(address, Drivers.Check) : OpenScheme(specifier);
}
