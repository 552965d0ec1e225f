using Ixy.Vfio;

namespace Ixy.Opening;

// Specifiers other than a PCI address: a scheme, a colon, and a rest that the transport interprets.
internal static partial class Drivers
{
    private const string VfioUser = VfioUserPciDevice.Prefix;

    private static PciDevice OpenScheme(string specifier)
    {
        ArgumentNullException.ThrowIfNull(specifier);
        int colon = specifier.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && Schemes.TryGetValue(specifier[..colon], out var open)) return open(specifier);
        if (specifier.StartsWith(VfioUser, StringComparison.Ordinal))
            return new VfioUserPciDevice(specifier[VfioUser.Length..], Check);
        var schemes = Schemes.Keys.Append(VfioUser.TrimEnd(':')).Distinct().Order().Select(scheme => $"'{scheme}:…'");
        throw new DeviceSpecifierException(
            $"'{specifier}' names no device: expected a PCI address like 0000:03:00.0 or {string.Join(", ", schemes)}");
    }
}
