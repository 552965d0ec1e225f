using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup.Binding;

/// <summary>Binds a function to another driver, undoing a change that fails half-way.</summary>
/// <param name="bus">The function's bus.</param>
/// <param name="function">The function.</param>
/// <param name="requireUnused">Throws if the function is in use; called again right before its driver is
/// unbound.</param>
internal sealed class DriverChange(PciBus bus, SysfsFunction function, Action requireUnused)
{
    private readonly string? _driver = function.Driver, _override = function.DriverOverride;

    /// <summary>Binds the function to a driver.</summary>
    /// <param name="driver">The driver; null for none.</param>
    /// <param name="onlyDriver">The only driver it may have afterwards; null for any.</param>
    /// <exception cref="PciDeviceException">
    /// It failed. Everything is as before, or the message says what is not.
    /// </exception>
    internal void To(string? driver, string? onlyDriver) =>
        AllOrNothing(() => Rebind(driver, onlyDriver, requireUnused));

    /// <summary>
    /// Gives the function to the driver that the kernel chooses; if the kernel has no driver for it, it gets none.
    /// </summary>
    /// <exception cref="PciDeviceException">
    /// The kernel refused. Everything is as before, or the message says what is not.
    /// </exception>
    internal void ToKernelsChoice() => AllOrNothing(() =>
    {
        bus.SetOverride(function, null);
        requireUnused();
        if (function.Driver is not null) bus.Unbind(function);
        bus.Probe(function);
    });

    private void AllOrNothing(Action change)
    {
        try
        {
            change();
        }
        catch (PciDeviceException error)
        {
            bool hadDriver = function.Driver == _driver;
            Restore(error);
            // A refusal before the driver was unbound needs no further explanation.
            if (hadDriver) throw;
            throw new PciDeviceException(
                $"{error.Message}; {function.Name} is bound to {_driver ?? "no driver"} again, as before", error);
        }
    }

    private void Rebind(string? driver, string? onlyDriver, Action lastLook)
    {
        if (function.Driver != driver)
        {
            // Nothing else may get there first, such as a module that is being loaded at this moment.
            bus.SetOverride(function, driver ?? DriverBinding.NoDriver);
            lastLook();
            if (function.Driver is not null) bus.Unbind(function);
            if (driver is not null) Attach(driver);
        }
        if (function.DriverOverride != onlyDriver) bus.SetOverride(function, onlyDriver);
    }

    // Only the kernel's log says how a probe ended.
    private void Attach(string driver)
    {
        bus.Probe(function);
        if (function.Driver != driver)
            throw new PciDeviceException(
                $"the kernel driver {driver} does not take {function.Name}: 'sudo dmesg | tail' may tell why");
    }

    private void Restore(PciDeviceException reason)
    {
        try
        {
            Rebind(_driver, _override, () => { });
        }
        catch (PciDeviceException error)
        {
            throw new PciDeviceException(
                $"{reason.Message}; and then {function.Name} could not be given back to {_driver ?? "no driver"}: "
                + $"{error.Message}", reason);
        }
    }
}
