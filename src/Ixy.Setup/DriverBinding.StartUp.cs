using Ixy.Setup.Binding;
using Ixy.Setup.Bus;
using Ixy.Vfio;

namespace Ixy.Setup;

// The driver of a card at the next start-up of the machine, and at all later ones.
public static partial class DriverBinding
{
    private static readonly StartUpDrivers s_startUp = new("/");

    /// <summary>
    /// Gives a network card this driver at every start-up of the machine, from the next one on: writes
    /// <c>/etc/driverctl.d/pci-ADDRESS</c> in driverctl's format and, if driverctl is not installed, a udev rule that
    /// applies it. It goes by the address: a card moved to another slot is not recognized. Changes nothing now; use
    /// <see cref="Bind"/> for that. Needs root. One process at a time.
    /// </summary>
    /// <param name="address">The card's address.</param>
    /// <param name="driver">The driver's name in the kernel, or <see cref="NoDriver"/>.</param>
    /// <exception cref="ArgumentException">No driver can have this name.</exception>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="PciDeviceException">
    /// It is not a network card, or a file cannot be written: nothing was changed for the next start-up.
    /// </exception>
    public static void BindAtStartUp(PciAddress address, string driver = VfioPci) =>
        new DriverBinder(PciBus.OfThisMachine, address.ToString(), force: false).BindAtStartUp(s_startUp, driver);

    /// <summary>
    /// Undoes <see cref="BindAtStartUp"/>: from the next start-up on, the kernel chooses the card's driver. The card
    /// may be gone from the address by now. Call <see cref="Unbind"/> first: after a reboot, only the file removed here
    /// tells it that the kernel did not choose the card's driver. Needs root.
    /// </summary>
    /// <param name="address">The card's address, now or formerly.</param>
    /// <returns>False if there was nothing to undo.</returns>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="PciDeviceException">
    /// The function there is not a network card, or a file cannot be removed.
    /// </exception>
    public static bool ForgetAtStartUp(PciAddress address) =>
        DriverBinder.ForgetAtStartUp(PciBus.OfThisMachine, s_startUp, address.ToString());

    /// <summary>
    /// The driver that a card gets at start-up, set by <see cref="BindAtStartUp"/> or by driverctl;
    /// <see cref="NoDriver"/>: none; null: the one the kernel chooses.
    /// </summary>
    /// <param name="address">The card's address.</param>
    public static string? FindAtStartUp(PciAddress address) => s_startUp.Find(address.ToString());
}
