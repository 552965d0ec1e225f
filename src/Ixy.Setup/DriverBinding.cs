using Ixy.Setup.Binding;
using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup;

/// <summary>
/// Gives a network card to another kernel driver, such as vfio-pci, and back (kernel documentation,
/// ABI/testing/sysfs-bus-pci: driver_override, drivers_probe). What it had before is noted in <c>/run/ixy/drivers</c>.
/// Needs root. One process at a time per card.
/// </summary>
public static partial class DriverBinding
{
    /// <summary>Stands for no driver at all, as the sysfs transport needs it.</summary>
    public const string NoDriver = "none";

    /// <summary>The driver that gives cards to user space.</summary>
    public const string VfioPci = "vfio-pci";

    /// <summary>
    /// Binds a network card to a driver, whose module is loaded if need be; does nothing if it is bound to it. If it
    /// fails half-way, the card has its driver back.
    /// </summary>
    /// <param name="address">Where the card is.</param>
    /// <param name="driver">The kernel's name of the driver, or <see cref="NoDriver"/>.</param>
    /// <param name="force">Also takes a card whose network interface is in use.</param>
    /// <returns>What changed.</returns>
    /// <exception cref="ArgumentException">No driver has such a name.</exception>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="VfioUnavailableException">It is to be bound to a VFIO driver, and is behind no
    /// IOMMU.</exception>
    /// <exception cref="InterfaceInUseException">Its network interface is in use, and force is not meant.</exception>
    /// <exception cref="DeviceBusyException">A process drives it.</exception>
    /// <exception cref="PciDeviceException">It is no network card, there is no such driver, or the driver does not take
    /// it.</exception>
    public static DriverBindingResult Bind(PciAddress address, string driver = VfioPci, bool force = false) =>
        new DriverBinder(PciBus.OfThisMachine, address.ToString(), force).Bind(driver);

    /// <summary>
    /// Gives a network card back to the driver that it had before <see cref="Bind"/>; one that was bound by other
    /// means, as by <see cref="BindAtStartUp"/>, to the driver that the kernel chooses. Does nothing if it has it. If
    /// it fails half-way, all is as before.
    /// </summary>
    /// <param name="address">Where the card is.</param>
    /// <param name="force">Also takes a card whose network interface is in use.</param>
    /// <returns>What changed.</returns>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="InterfaceInUseException">Its network interface is in use, and force is not meant.</exception>
    /// <exception cref="DeviceBusyException">A process drives it.</exception>
    /// <exception cref="PciDeviceException">It is no network card, or the driver does not take it.</exception>
    public static DriverBindingResult Unbind(PciAddress address, bool force = false) =>
        new DriverBinder(PciBus.OfThisMachine, address.ToString(), force).Unbind(FindAtStartUp(address));
}

/// <summary>What became of a card's driver.</summary>
/// <param name="Before">The kernel driver that it had; null: none.</param>
/// <param name="After">The one that it has now; null: none.</param>
/// <param name="IommuGroup">The number of its IOMMU group; null where no IOMMU is in use.</param>
/// <param name="LoadedModules">Kernel modules that were loaded for it.</param>
/// <param name="Warnings">Sentences about what still stands in the way of using it.</param>
public sealed record DriverBindingResult(
    string? Before, string? After, int? IommuGroup, IReadOnlyList<string> LoadedModules, IReadOnlyList<string> Warnings)
{
    /// <summary>It has another driver than before.</summary>
    public bool Changed => Before != After;
}
