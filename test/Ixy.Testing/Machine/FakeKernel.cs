using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Testing.Machine;

/// <summary>
/// A kernel for a <see cref="FakeSysfs"/>: changes its files as the real kernel does when something is written to
/// <c>driver_override</c>, <c>unbind</c> or <c>drivers_probe</c>, and records each write.
/// </summary>
internal sealed class FakeKernel : PciBus
{
    private readonly FakeSysfs _sysfs;
    private readonly List<string> _writes = [];
    private readonly HashSet<string> _modules = ["vfio_iommu_type1"];

    internal FakeKernel(FakeSysfs sysfs)
        : base(sysfs.Root, Path.Combine(sysfs.Bus, "proc"), Path.Combine(sysfs.Bus, "run"))
    {
        _sysfs = sysfs;
        Directory.CreateDirectory(Processes);
    }

    /// <summary>
    /// What was written, such as "driver_override vfio-pci", and modules loaded, such as "modprobe vfio-pci".
    /// </summary>
    internal IReadOnlyList<string> Writes => _writes;

    /// <summary>Called with the number of each write before it takes effect.</summary>
    internal Action<int>? BeforeWrite { get; set; }

    /// <summary>The driver that the kernel uses for all functions without an override.</summary>
    internal string? StockDriver { get; set; } = "e1000e";

    /// <summary>Drivers that are loaded but bind to no function.</summary>
    internal HashSet<string> Unwilling { get; } = [];

    internal bool ActsAsRoot { get; set; } = true;

    /// <summary>Modules that can be loaded.</summary>
    internal HashSet<string> ModulesOnDisk { get; } = [];

    internal override bool IsRoot => ActsAsRoot;

    internal override bool HasModule(string module) => _modules.Contains(module);

    internal void Forget(string module) => _modules.Remove(module);

    internal void AddDrivers(params string[] names)
    {
        foreach (string name in names) Directory.CreateDirectory(DriverDirectory(name));
    }

    /// <summary>Makes a process hold a file open.</summary>
    internal void AddProcess(int number, string name, string file)
    {
        string directory = Path.Combine(Processes, $"{number}");
        Directory.CreateDirectory(Path.Combine(directory, "fd"));
        File.WriteAllText(Path.Combine(directory, "comm"), $"{name}\n");
        File.CreateSymbolicLink(Path.Combine(directory, "fd", "3"), file);
    }

    /// <summary>Binds a function as somebody else would.</summary>
    internal void Hold(string address, string? driver)
    {
        string link = Path.Combine(_sysfs.Root, address, "driver");
        File.Delete(link);
        if (driver is not null) Directory.CreateSymbolicLink(link, DriverDirectory(driver));
    }

    internal override void LoadModule(string module)
    {
        _writes.Add($"modprobe {module}");
        if (!ModulesOnDisk.Contains(module))
            throw new PciDeviceException($"the kernel module {module} cannot be loaded: not found");
        _modules.Add(module);
        if (module != "vfio_iommu_type1") AddDrivers(module);
    }

    protected override void Write(string path, string text)
    {
        BeforeWrite?.Invoke(_writes.Count);
        string file = Path.GetFileName(path);
        _writes.Add($"{file} {text.Trim()}");
        switch (file)
        {
            case "driver_override":
                File.WriteAllText(path, text.Trim().Length == 0 ? "(null)\n" : text);
                break;
            case "unbind":
                Assert.True(Directory.Exists(Path.GetDirectoryName(path)));
                Hold(text, null);
                break;
            case "drivers_probe":
                Assert.Equal(_sysfs.Bus, Path.GetDirectoryName(path));
                Probe(text);
                break;
            default:
                throw new InvalidOperationException(path);
        }
    }

    private void Probe(string address)
    {
        var function = Function(address);
        if (function.Driver is null && (function.DriverOverride ?? StockDriver) is { } driver && HasDriver(driver)
            && !Unwilling.Contains(driver))
            Hold(address, driver);
    }

    private string DriverDirectory(string name) => Path.Combine(_sysfs.Bus, "drivers", name);
}
