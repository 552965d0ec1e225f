using System.Globalization;

namespace Ixy.Vfio;

/// <summary>
/// The address of a PCI function: domain, bus, device and function, written <c>0000:03:00.0</c>
/// (the short form <c>03:00.0</c> means domain 0). A domain has four hexadecimal digits or more, up to eight: the kernel gives those
/// that it makes up itself, as for the devices behind Intel's VMD, numbers from 0x10000 on, as in <c>10000:e1:00.0</c>.
/// </summary>
public readonly record struct PciAddress(uint Domain, byte Bus, byte Device, byte Function)
{
    private const int LeastDomainDigits = 4, MostDomainDigits = 8;

    /// <summary>Reads an address; false if <paramref name="text"/> has another form.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PciAddress address)
    {
        const int WithoutDomain = 7; // 03:00.0
        address = default;
        uint domain = 0;
        int digits = text.Length - WithoutDomain - 1;
        if (digits >= 0)
        {
            if (digits is < LeastDomainDigits or > MostDomainDigits || text[digits] != ':' || !TryHex(text[..digits], out domain)) return false;
            text = text[(digits + 1)..];
        }
        if (text.Length != WithoutDomain || text[2] != ':' || text[5] != '.') return false;
        if (!TryHex(text[..2], out uint bus) || !TryHex(text[3..5], out uint device) || device > 31) return false;
        if (text[6] is < '0' or > '7') return false;
        address = new(domain, (byte)bus, (byte)device, (byte)(text[6] - '0'));
        return true;
    }

    /// <summary>The long form, as in <c>/sys/bus/pci/devices</c>: <c>0000:03:00.0</c>.</summary>
    public override string ToString() => $"{Domain:x4}:{Bus:x2}:{Device:x2}.{Function}";

    private static bool TryHex(ReadOnlySpan<char> text, out uint value) =>
        uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
