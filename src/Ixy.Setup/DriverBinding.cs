using Ixy.Setup.Binding;
using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup;

/// <summary>
/// Binds a network card to another kernel driver, such as vfio-pci, and back (kernel documentation,
/// ABI/testing/sysfs-bus-pci: driver_override, drivers_probe). The original driver is recorded in
/// <c>/run/ixy/drivers</c>. Needs root. One process at a time per card.
/// </summary>
public static partial class DriverBinding
{
    /// <summary>Stands for no driver at all, as the sysfs transport requires.</summary>
    public const string NoDriver = "none";

    /// <summary>The driver that gives cards to user space.</summary>
    public const string VfioPci = "vfio-pci";

    /// <summary>
    /// Binds a network card to a driver, loading its module if necessary; does nothing if it is already bound to it. If
    /// this fails half-way, the card gets its driver back.
    /// </summary>
    /// <param name="address">The card's address.</param>
    /// <param name="driver">The driver's name in the kernel, or <see cref="NoDriver"/>.</param>
    /// <param name="force">Also takes a card whose network interface is in use.</param>
    /// <returns>What changed.</returns>
    /// <exception cref="ArgumentException">No driver can have this name.</exception>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="VfioUnavailableException">
    /// The driver is a VFIO driver, but the card is not behind an IOMMU.
    /// </exception>
    /// <exception cref="InterfaceInUseException">Its network interface is in use, and force is not set.</exception>
    /// <exception cref="DeviceBusyException">A process is driving it.</exception>
    /// <exception cref="PciDeviceException">
    /// It is not a network card, there is no such driver, or the driver rejects it.
    /// </exception>
    public static DriverBindingResult Bind(PciAddress address, string driver = VfioPci, bool force = false) =>
        new DriverBinder(PciBus.OfThisMachine, address.ToString(), force).Bind(driver);

    /// <summary>
    /// Gives a network card back to the driver it had before <see cref="Bind"/>; if it was bound by other means, such
    /// as <see cref="BindAtStartUp"/>, to the driver the kernel chooses. Does nothing if it already has that driver. If
    /// this fails half-way, everything is as before.
    /// </summary>
    /// <param name="address">The card's address.</param>
    /// <param name="force">Also takes a card whose network interface is in use.</param>
    /// <returns>What changed.</returns>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="InterfaceInUseException">Its network interface is in use, and force is not set.</exception>
    /// <exception cref="DeviceBusyException">A process is driving it.</exception>
    /// <exception cref="PciDeviceException">It is not a network card, or the driver rejects it.</exception>
    public static DriverBindingResult Unbind(PciAddress address, bool force = false) =>
        new DriverBinder(PciBus.OfThisMachine, address.ToString(), force).Unbind(FindAtStartUp(address));
}

/// <summary>A change of a card's driver.</summary>
/// <param name="Before">The kernel driver it had; null for none.</param>
/// <param name="After">The kernel driver it has now; null for none.</param>
/// <param name="IommuGroup">The number of its IOMMU group; null if no IOMMU is in use.</param>
/// <param name="LoadedModules">Kernel modules that were loaded for it.</param>
/// <param name="Warnings">What still prevents its use, one sentence each.</param>
public sealed record DriverBindingResult(
    string? Before, string? After, int? IommuGroup, IReadOnlyList<string> LoadedModules, IReadOnlyList<string> Warnings)
{
    /// <summary>It has a different driver than before.</summary>
    public bool Changed => Before != After;
}
