using System.Globalization;

namespace Ixy.Vfio;

/// <summary>
/// The address of a PCI function: domain, bus, device and function, written <c>0000:03:00.0</c>
/// (the short form <c>03:00.0</c> means domain 0).
/// </summary>
public readonly record struct PciAddress(ushort Domain, byte Bus, byte Device, byte Function)
{
    /// <summary>Reads an address; false if <paramref name="text"/> has another form.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PciAddress address)
    {
        address = default;
        ushort domain = 0;
        if (text.Length == 12)
        {
            if (text[4] != ':' || !TryHex(text[..4], out domain)) return false;
            text = text[5..];
        }
        if (text.Length != 7 || text[2] != ':' || text[5] != '.') return false;
        if (!TryHex(text[..2], out ushort bus) || !TryHex(text[3..5], out ushort device) || device > 31) return false;
        if (text[6] is < '0' or > '7') return false;
        address = new(domain, (byte)bus, (byte)device, (byte)(text[6] - '0'));
        return true;
    }

    /// <summary>The long form, as in <c>/sys/bus/pci/devices</c>: <c>0000:03:00.0</c>.</summary>
    public override string ToString() => $"{Domain:x4}:{Bus:x2}:{Device:x2}.{Function}";

    private static bool TryHex(ReadOnlySpan<char> text, out ushort value) =>
        ushort.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
