using Ixy.Setup.Binding;
using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup;

// The driver of a card at the next start of the machine, and at all that follow.
public static partial class DriverBinding
{
    private static readonly StartUpDrivers s_startUp = new("/");

    /// <summary>
    /// Gives a network card this driver at each start of the machine, from the next one on: writes
    /// <c>/etc/driverctl.d/pci-ADDRESS</c> in driverctl's format and, where driverctl is not installed, a udev rule
    /// that obeys it. It goes by the address: a card that is moved to another slot is not found again. Changes nothing
    /// now; see <see cref="Bind"/> for that. Needs root. One process at a time.
    /// </summary>
    /// <param name="address">Where the card is.</param>
    /// <param name="driver">The kernel's name of the driver, or <see cref="NoDriver"/>.</param>
    /// <exception cref="ArgumentException">No driver has such a name.</exception>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="PciDeviceException">It is no network card, or a file cannot be written: nothing was changed for
    /// the next start.</exception>
    public static void BindAtStartUp(PciAddress address, string driver = VfioPci) =>
        new DriverBinder(PciBus.OfThisMachine, address.ToString(), force: false).BindAtStartUp(s_startUp, driver);

    /// <summary>
    /// Undoes <see cref="BindAtStartUp"/>: from the next start on, the kernel chooses the card's driver. There may be
    /// no card at the address any more. <see cref="Unbind"/> has to come before: after a restart only what is noted
    /// here tells it that the kernel has not chosen the card's driver. Needs root.
    /// </summary>
    /// <param name="address">Where the card is, or was.</param>
    /// <returns>False if there was nothing to undo.</returns>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="PciDeviceException">What is there is no network card, or a file cannot be removed.</exception>
    public static bool ForgetAtStartUp(PciAddress address) =>
        DriverBinder.ForgetAtStartUp(PciBus.OfThisMachine, s_startUp, address.ToString());

    /// <summary>
    /// The driver that a card gets at the start of the machine, by <see cref="BindAtStartUp"/> or by driverctl;
    /// <see cref="NoDriver"/>: none; null: the one that the kernel chooses.
    /// </summary>
    /// <param name="address">Where the card is.</param>
    public static string? FindAtStartUp(PciAddress address) => s_startUp.Find(address.ToString());
}
