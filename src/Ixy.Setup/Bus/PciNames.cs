using System.Globalization;

namespace Ixy.Setup.Bus;

/// <summary>The list of PCI ids that distributions install (package hwdata or pci.ids): names for people.</summary>
internal static class PciNames
{
    private static readonly string[] s_files = ["/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"];

    /// <summary>Vendor and device; null if there is no list, or the vendor is not in it.</summary>
    internal static string? Find(ushort vendor, ushort device) =>
        s_files.FirstOrDefault(File.Exists) is { } file ? Find(File.ReadLines(file), vendor, device) : null;

    // A vendor's line is "8086 Intel Corporation"; its devices follow on lines that begin with a tab, "\t10fb 82599ES
    // …".
    internal static string? Find(IEnumerable<string> lines, ushort vendor, ushort device)
    {
        string? vendorName = null;
        foreach (string line in lines)
        {
            if (vendorName is null) vendorName = NameIn(line, vendor);
            else if (line.Length > 0 && line[0] == '\t')
            {
                if (NameIn(line[1..], device) is { } name) return $"{vendorName} {name}";
            }
            else if (line.Length > 0 && line[0] != '#') break;
        }
        return vendorName is null ? null : $"{vendorName} device {device:x4}";
    }

    private static string? NameIn(string line, ushort id)
    {
        const int Digits = 4, Name = 6;
        return line.Length > Name && line[Digits] == ' '
            && ushort.TryParse(
                line.AsSpan(0, Digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort found)
            && found == id ? line[Name..].Trim() : null;
    }
}
