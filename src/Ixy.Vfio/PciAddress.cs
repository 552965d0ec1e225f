using System.Globalization;
using System.Text.RegularExpressions;

namespace Ixy.Vfio;

/// <summary>
/// The address of a PCI function: domain, bus, device and function, written <c>0000:03:00.0</c> (the short form
/// <c>03:00.0</c> means domain 0). A domain has four to eight hexadecimal digits: domains that the kernel makes up
/// itself, such as for devices behind Intel's VMD, are numbered from 0x10000, as in <c>10000:e1:00.0</c>.
/// </summary>
/// <param name="Domain">The domain: the segment of the machine's buses.</param>
/// <param name="Bus">The bus.</param>
/// <param name="Device">The device on it, 0 to 31.</param>
/// <param name="Function">The function of the device, 0 to 7.</param>
public readonly partial record struct PciAddress(uint Domain, byte Bus, byte Device, byte Function)
{
    /// <summary>Parses an address; false if <paramref name="text"/> has another form.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PciAddress address)
    {
        var match = Form().Match(text.ToString());
        // Without a domain, it is 0.
        address = match.Success ? new(Number(1), (byte)Number(2), (byte)Number(3), (byte)Number(4)) : default;
        return match.Success;

        uint Number(int group) =>
            uint.Parse($"0{match.Groups[group].ValueSpan}", NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    /// <summary>The long form, as in <c>/sys/bus/pci/devices</c>: <c>0000:03:00.0</c>.</summary>
    public override string ToString() => $"{Domain:x4}:{Bus:x2}:{Device:x2}.{Function}";

    // A bus has 32 devices, and a device 8 functions.
    [GeneratedRegex(@"^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([01][0-9a-f])\.([0-7])\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
