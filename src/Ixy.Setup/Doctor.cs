using Ixy.Setup.Bus;
using Ixy.Setup.Examination;
using Ixy.Vfio;

namespace Ixy.Setup;

/// <summary>
/// Checks for everything that could prevent a program from driving a network card, and gives the command to fix it. It
/// changes nothing. The answers hold for this process's user and limits. For any thread.
/// </summary>
public static class Doctor
{
    /// <summary>Examines the machine, and one or all of its network cards.</summary>
    /// <param name="address">The card's address; null for all cards.</param>
    /// <param name="options">The program that would drive them; null for the defaults.</param>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    /// <exception cref="PciDeviceException">It is not a network card, or cannot be read.</exception>
    public static DoctorReport Examine(PciAddress? address = null, DoctorOptions? options = null) =>
        new Examiner(PciBus.OfThisMachine, MachineFiles.OfThisMachine, options ?? new()).Examine(address);
}

/// <summary>The program that would drive the cards.</summary>
public sealed record DoctorOptions
{
    /// <summary>
    /// The name of the program's driver for a PCI vendor and device id; null if it has none. By default every card has
    /// one.
    /// </summary>
    public Func<ushort, ushort, string?> FindDriver { get; init; } = (_, _) => "a driver";

    /// <summary>
    /// Bytes of DMA memory the program needs: they must fit into free huge pages without an IOMMU, and into the locked
    /// memory limit with VFIO. Default 32 MiB.
    /// </summary>
    public long DmaBytes { get; init; } = 32 << 20;

    /// <summary>
    /// Opens a card with no other problems, and closes it again; throws a <see cref="PciDeviceException"/> if that
    /// fails. Null: not tried.
    /// </summary>
    public Action<PciAddress>? Try { get; init; }
}
