using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup.Binding;

/// <summary>
/// What a card's driver was before it was bound to another one: a small file per card, written before anything is
/// changed, so that even an end in between leaves the way back.
/// </summary>
/// <param name="Card">Vendor and device id: another card may be plugged in at this address.</param>
/// <param name="From">The driver that it had; null: none.</param>
/// <param name="Override">The only driver it was allowed to have; null: any.</param>
/// <param name="To">The drivers that it was bound to since; <see cref="DriverBinding.NoDriver"/> may be among
/// them.</param>
internal sealed record DriverRecord(string Card, string? From, string? Override, string[] To)
{
    /// <summary>What would be noted of the function as it is.</summary>
    internal static DriverRecord Of(SysfsFunction function) =>
        new(CardOf(function), function.Driver, function.DriverOverride, []);

    /// <summary>
    /// The function's record; null if there is none, or if it is about another card or a driver that somebody else
    /// chose since.
    /// </summary>
    /// <exception cref="PciDeviceException">The file is not one of these.</exception>
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

    /// <summary>Writes the file, the whole of it or nothing.</summary>
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
