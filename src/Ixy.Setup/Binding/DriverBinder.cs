using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup.Binding;

/// <summary>
/// One change of a network card's driver, with all the checks before it. See <see cref="DriverBinding"/>.
/// </summary>
internal sealed class DriverBinder
{
    private readonly PciBus _bus;
    private readonly SysfsFunction _function;
    private readonly bool _force;
    private readonly List<string> _loaded = [];

    /// <exception cref="DeviceNotFoundException">There is no such function.</exception>
    /// <exception cref="PciDeviceException">It is not a network card.</exception>
    internal DriverBinder(PciBus bus, string name, bool force)
    {
        (_bus, _function, _force) = (bus, bus.Function(name), force);
        RequireNetworkCard(_function);
    }

    /// <inheritdoc cref="DriverBinding.Bind"/>
    internal DriverBindingResult Bind(string driver)
    {
        RequireName(driver);
        string? wanted = driver == DriverBinding.NoDriver ? null : driver;
        string? before = _function.Driver;
        if (before != wanted)
        {
            RequireRoot();
            if (wanted is not null) RequireIommu(wanted);
            RequireUnused();
            if (wanted is not null) LoadModulesOf(wanted);
            Change(driver, wanted);
        }
        return Result(before, wantsDriver: wanted is not null);
    }

    /// <inheritdoc cref="DriverBinding.BindAtStartUp"/>
    internal void BindAtStartUp(StartUpDrivers startUp, string driver)
    {
        RequireName(driver);
        RequireRoot();
        startUp.Set(_function.Name, driver);
    }

    /// <inheritdoc cref="DriverBinding.ForgetAtStartUp"/>
    internal static bool ForgetAtStartUp(PciBus bus, StartUpDrivers startUp, string name)
    {
        if (bus.Find(name) is { } function) RequireNetworkCard(function);
        if (startUp.Find(name) is not null && !bus.IsRoot)
            throw new PrivilegeException(
                $"changing the driver that {name} gets at the start of the machine needs root: run it with sudo");
        return startUp.Forget(name);
    }

    /// <inheritdoc cref="DriverBinding.Unbind"/>
    /// <param name="atStart">The driver set for start-up; null: the kernel's choice.</param>
    internal DriverBindingResult Unbind(string? atStart = null)
    {
        string? before = _function.Driver;
        var record = DriverRecord.Find(_bus, _function);
        // After a reboot the record is gone, and the card has the driver set for start-up and no other.
        bool isNoted = before == atStart && before == _function.DriverOverride;
        bool isForeign = record is null && before is not null && !_function.IsBoundToVfio && !isNoted;
        if (!isForeign)
        {
            RequireRoot();
            // It still has its driver if a bind was interrupted before it changed anything.
            if (record is null || record.From != before) RequireUnused();
            var change = new DriverChange(_bus, _function, RequireUnused);
            if (record is null) change.ToKernelsChoice();
            else GiveBack(record, change);
            DriverRecord.Delete(_bus, _function);
        }
        return Result(before, wantsDriver: record is null || record.From is not null);
    }

    private void Change(string driver, string? wanted)
    {
        var old = DriverRecord.Find(_bus, _function);
        var record = old ?? DriverRecord.Of(_function);
        (record with { To = [.. record.To.Append(driver).Distinct()] }).Save(_bus, _function);
        try
        {
            new DriverChange(_bus, _function, RequireUnused).To(wanted, onlyDriver: driver);
        }
        catch (PciDeviceException) when (old is null && _function.Driver == record.From)
        {
            DriverRecord.Delete(_bus, _function);
            throw;
        }
    }

    private void GiveBack(DriverRecord record, DriverChange change)
    {
        if (record.From is not null && record.From != _function.Driver) LoadModulesOf(record.From);
        change.To(record.From, record.Override);
    }

    private DriverBindingResult Result(string? before, bool wantsDriver)
    {
        string? after = _function.Driver;
        IEnumerable<string> warnings = after is null && wantsDriver
            ? [$"no driver that is loaded knows {_function.Name}: 'sudo modprobe $(cat "
                + $"{_function.Directory}/modalias)' may load one"]
            : _function is { IsBoundToVfio: true, IommuGroup: not null } ? GroupWarnings()
            : after is null && _function.IsBehindTranslation
            ? [$"{_function.DescribeTranslation()}; so '{IxyCommand.Name} fwd' and the others will refuse it"
                + Proviso]
            : [];
        return new(before, after, _function.IommuGroup, _loaded, [.. warnings]);
    }

    // A virtio device tells only its driver whether it obeys the IOMMU.
    private string Proviso => VirtioFunction.IsOne(_function)
        ? ", unless it is a virtio device that goes around the IOMMU (legacy, or without VIRTIO_F_ACCESS_PLATFORM): "
        + "then this is the way to use it" : "";

    // A function driven by the kernel keeps VFIO from giving out the group.
    private IEnumerable<string> GroupWarnings() =>
        from rival in GroupRivals.Of(_function)
        select $"{_function.Name} shares IOMMU group {_function.IommuGroup} with {rival.Rival.Name}, which the "
            + $"kernel drives ({rival.Rival.Driver}): VFIO gives it to nobody until that is released, too, with "
            + $"'{rival.Cure}'";

    private static void RequireNetworkCard(SysfsFunction function)
    {
        if (!function.IsNetworkController)
            throw new PciDeviceException(
                $"{function.Name} is not a network card: its PCI class is {function.ClassCode:x6}, expected 02xxxx; "
                + "its driver is left alone");
    }

    private void RequireRoot()
    {
        if (!_bus.IsRoot)
            throw new PrivilegeException($"changing the driver of {_function.Name} needs root: run it with sudo");
    }

    private void RequireIommu(string driver)
    {
        if (!IsVfio(driver) || _function.IommuGroup is not null) return;
        throw new VfioUnavailableException(
            $"{_function.Name} is behind no IOMMU, which VFIO needs: switch it on (BIOS: VT-d or AMD-Vi; kernel "
            + "command line: intel_iommu=on or " +
            $"amd_iommu=on), or use the card through sysfs as root: 'sudo {IxyCommand.Name} bind "
            + $"{_function.Name} --driver {DriverBinding.NoDriver}'");
    }

    private void RequireUnused()
    {
        // Unbinding a card that a process has open through VFIO would wait for that process to end; through sysfs, two
        // drivers would use one card.
        if (new OpenFunctions(_bus.Processes).UserOf(_function) is { } user)
            throw new DeviceBusyException($"{_function.Name} is driven by {user}: end that first");
        if (_function.Driver is null || _force || _function.FindInterfaceUse() is not { } use) return;
        throw new InterfaceInUseException(
            $"{_function.Name} is {(use.Interface is null ? "a card whose network interface" : $"the network interface {use.Interface}, which")} " +
            $"{use.What}, so unbinding its driver would cut connections: take it out of use with '{use.Cure}', or, if "
            + "it may go, take it with --force",
            use.Interface ?? "");
    }

    private void LoadModulesOf(string driver)
    {
        const string Iommu = "vfio_iommu_type1"; // vfio-pci does not depend on it, but VFIO is useless without it
        if (!_bus.HasDriver(driver)) Load(driver);
        if (!_bus.HasDriver(driver))
            throw new PciDeviceException(
                $"the kernel module {driver} is loaded, but is not a driver for PCI: expected one such as vfio-pci");
        if (IsVfio(driver) && !_bus.HasModule(Iommu)) Load(Iommu);
    }

    private void Load(string module)
    {
        _bus.LoadModule(module);
        _loaded.Add(module);
    }

    private static bool IsVfio(string driver) => SysfsFunction.IsVfio(driver);

    // It becomes part of paths, and an argument.
    private static void RequireName(string driver)
    {
        if (driver.Length == 0 || driver[0] == '-'
            || !driver.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_'))
            throw new ArgumentException(
                $"'{driver}' is not a kernel driver: expected a name such as {DriverBinding.VfioPci}, or "
                + $"{DriverBinding.NoDriver}");
    }
}
