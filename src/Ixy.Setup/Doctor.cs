using Ixy.Setup.Bus;
using Ixy.Setup.Examination;
using Ixy.Vfio;

namespace Ixy.Setup;

/// <summary>
/// Looks for everything that keeps a program from driving a network card, and names the command that cures it. It
/// changes nothing. The answers hold for the user and the limits of this process. For any thread.
/// </summary>
public static class Doctor
{
    /// <summary>Examines the machine, and one of its network cards or all of them.</summary>
    /// <param name="address">Where the card is; null: all cards.</param>
    /// <param name="options">What the program is that is to drive them; null: the defaults.</param>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    /// <exception cref="PciDeviceException">It is no network card, or cannot be read.</exception>
    public static DoctorReport Examine(PciAddress? address = null, DoctorOptions? options = null) =>
        new Examiner(PciBus.OfThisMachine, MachineFiles.OfThisMachine, options ?? new()).Examine(address);
}

/// <summary>The program that is to drive the cards.</summary>
public sealed record DoctorOptions
{
    /// <summary>
    /// The name of the program's driver for a PCI vendor and device id; null if it has none. By default every card has
    /// one.
    /// </summary>
    public Func<ushort, ushort, string?> FindDriver { get; init; } = (_, _) => "a driver";

    /// <summary>
    /// Bytes of DMA memory that it takes: they have to fit into free huge pages without an IOMMU, and into the limit of
    /// locked memory with VFIO. By default 32 MiB.
    /// </summary>
    public long DmaBytes { get; init; } = 32 << 20;

    /// <summary>
    /// Opens a card in which nothing else was found, and closes it again; throws a <see cref="PciDeviceException"/> if
    /// that fails. Null: not tried.
    /// </summary>
    public Action<PciAddress>? Try { get; init; }
}
