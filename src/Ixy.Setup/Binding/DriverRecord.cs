using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup.Binding;

/// <summary>
/// A card's original driver, before it was bound to another one: a small file per card, written before anything is
/// changed, so that the original state can be restored even after a crash half-way.
/// </summary>
/// <param name="Card">Vendor and device id: another card may be plugged in at this address.</param>
/// <param name="From">The driver it had; null for none.</param>
/// <param name="Override">The only driver it was allowed to have; null for any.</param>
/// <param name="To">The drivers it has been bound to since; may include <see cref="DriverBinding.NoDriver"/>.</param>
internal sealed record DriverRecord(string Card, string? From, string? Override, string[] To)
{
    /// <summary>The record for the function's current state.</summary>
    internal static DriverRecord Of(SysfsFunction function) =>
        new(CardOf(function), function.Driver, function.DriverOverride, []);

    /// <summary>
    /// The function's record; null if there is none, or if it is about another card or someone else has changed the
    /// driver since.
    /// </summary>
    /// <exception cref="PciDeviceException">The file is not a valid record.</exception>
    internal static DriverRecord? Find(PciBus bus, SysfsFunction function)
    {
        string path = PathOf(bus, function);
        if (!File.Exists(path)) return null;
        if (File.ReadAllLines(path) is not [var card, var from, var only, var to])
            throw new PciDeviceException(
                $"{path} does not say which driver {function.Name} had: delete it with 'sudo rm {path}'");
        var record = new DriverRecord(
            card, NullIfEmpty(from), NullIfEmpty(only), to.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return record.IsAbout(function) ? record : null;
    }

    /// <summary>Writes the file atomically.</summary>
    internal void Save(PciBus bus, SysfsFunction function)
    {
        Directory.CreateDirectory(bus.Records);
        string path = PathOf(bus, function);
        File.WriteAllLines($"{path}.new", [Card, From ?? "", Override ?? "", string.Join(' ', To)]);
        File.Move($"{path}.new", path, overwrite: true);
    }

    /// <summary>Removes the file, if there is one.</summary>
    internal static void Delete(PciBus bus, SysfsFunction function)
    {
        if (Directory.Exists(bus.Records)) File.Delete(PathOf(bus, function));
    }

    private bool IsAbout(SysfsFunction function) =>
        Card == CardOf(function) && (function.Driver is not { } driver || driver == From || To.Contains(driver));

    private static string PathOf(PciBus bus, SysfsFunction function) => Path.Combine(bus.Records, function.Name);

    private static string CardOf(SysfsFunction function) => $"{function.VendorId:x4}:{function.DeviceId:x4}";

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
