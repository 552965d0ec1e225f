using System.Diagnostics;
using Ixy.Vfio;

namespace Ixy.Setup.Bus;

/// <summary>
/// The PCI bus as the kernel shows it in sysfs, and how functions get drivers. Tests bring their own kernel.
/// </summary>
/// <param name="devices">The directory with one directory per function.</param>
/// <param name="processes">The directory with one directory per process.</param>
/// <param name="records">Where this library records its changes; both are gone after a reboot.</param>
internal class PciBus(string devices, string processes, string records)
{
    // Root's PATH may lack the directories of root's own tools.
    private static readonly string s_modprobe =
        Array.Find<string>(["/usr/sbin/modprobe", "/sbin/modprobe"], File.Exists) ?? "modprobe";

    private readonly string _bus = Path.GetDirectoryName(devices)!;

    internal static PciBus OfThisMachine { get; } = new(SysfsFunction.Root, "/proc", "/run/ixy/drivers");

    internal string Processes => processes;

    internal string Records => records;

    internal virtual bool IsRoot => Environment.IsPrivilegedProcess;

    internal SysfsFunction Function(string name) => new(devices, name);

    /// <summary>The function with this name; null if there is none (any more).</summary>
    internal SysfsFunction? Find(string name) => SysfsFunction.Find(devices, name);

    /// <summary>
    /// All functions, in the order of their addresses; none if there is no PCI. A function that disappears meanwhile is
    /// omitted.
    /// </summary>
    internal IEnumerable<SysfsFunction> Functions()
    {
        if (!Directory.Exists(devices)) yield break;
        // A name that is not an address sorts first.
        var names = Directory.GetFileSystemEntries(devices).Select(entry => Path.GetFileName(entry))
            .OrderBy(name => PciAddress.TryParse(name, out var address)
                ? (address.Domain, address.Bus, address.Device, address.Function) : default)
            .ThenBy(name => name, StringComparer.Ordinal);
        foreach (string name in names)
        {
            if (SysfsFunction.Find(devices, name) is { } function) yield return function;
        }
    }

    /// <summary>Whether the kernel has this driver now, built in or as a loaded module.</summary>
    internal bool HasDriver(string driver) => Directory.Exists(Path.Combine(_bus, "drivers", driver));

    /// <summary>
    /// Whether the kernel has this module now; a built-in module is only visible if it has parameters.
    /// </summary>
    internal virtual bool HasModule(string module) => Directory.Exists($"/sys/module/{module}");

    /// <summary>Restricts the function to this driver from now on; null: any matching driver.</summary>
    internal void SetOverride(SysfsFunction function, string? driver) =>
        Write(Path.Combine(function.Directory, "driver_override"), $"{driver}\n");

    /// <summary>Unbinds the function from its driver. The only place that does.</summary>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    internal void Unbind(SysfsFunction function)
    {
        string? driver = function.Driver;
        try
        {
            Write(Path.Combine(function.Directory, "driver", "unbind"), function.Name);
        }
        catch (PciDeviceException error)
        {
            throw new PciDeviceException(
                $"{function.Name} cannot be taken from the kernel driver {driver}: {error.Message}", error);
        }
    }

    /// <summary>Lets the kernel look for a driver. <see cref="SysfsFunction.Driver"/> shows the result.</summary>
    internal void Probe(SysfsFunction function) => Write(Path.Combine(_bus, "drivers_probe"), function.Name);

    /// <summary>Writes to a kernel file; the kernel acts on it before this returns.</summary>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    protected virtual void Write(string path, string text)
    {
        try
        {
            File.WriteAllText(path, text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PciDeviceException($"'{text.Trim()}' cannot be written to {path}: {error.Message}", error);
        }
    }

    /// <summary>Loads a kernel module and its dependencies.</summary>
    /// <exception cref="PciDeviceException">There is no such module, or it cannot be loaded.</exception>
    internal virtual void LoadModule(string module)
    {
        using var modprobe = Process.Start(
            new ProcessStartInfo(s_modprobe, [module]) { RedirectStandardError = true })!;
        string reason = modprobe.StandardError.ReadToEnd().Trim();
        modprobe.WaitForExit();
        if (modprobe.ExitCode != 0)
            throw new PciDeviceException($"the kernel module {module} cannot be loaded: {reason}");
    }
}
