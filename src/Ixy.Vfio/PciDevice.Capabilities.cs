namespace Ixy.Vfio;

// What a function says that it has, and what a driver before may have left of it.
public abstract partial class PciDevice
{
    internal const byte PowerManagementId = 0x01, MsiId = 0x05, MsixId = 0x11;
    internal const uint PowerStateMask = 3, MsiEnable = 1 << 0, MsixEnable = 1 << 15;
    private const int PowerControl = 4;

    /// <summary>Walks the capability list (PCI Local Bus 3.0, section 6.7).</summary>
    /// <param name="id">The capability's id, e.g. 0x11 for MSI-X; several may have the same (0x09, vendor
    /// specific).</param>
    /// <returns>Offsets in configuration space, in the order of the list; none where the function has no such
    /// capability.</returns>
    /// <exception cref="PciDeviceException">An access failed, or the list does not end.</exception>
    public IEnumerable<int> FindCapabilities(byte id)
    {
        const uint HasList = 1 << 4;
        if ((ReadConfig(PciConfig.Status, 2) & HasList) == 0) yield break;
        // A list without an end would have more entries than the space has room for.
        int left = (256 - 64) / 4;
        for (int offset = Next(PciConfig.CapabilitiesPointer); offset != 0; offset = Next(offset + 1))
        {
            if (left-- == 0) throw HasNoEnd();
            if (ReadConfig(offset, 1) == id) yield return offset;
        }

        int Next(int pointer) => (int)ReadConfig(pointer, 1) & ~3;
    }

    /// <summary>
    /// Wakes the function up. Whoever had it before may have left it in D3hot, as kernels do with what nobody uses:
    /// then it answers in configuration space only, and its BARs read as ones. Does nothing in D0, and where there is
    /// no power management. A function that wakes up as after a reset gets back its base addresses, and what the system
    /// has set for its PCI Express link. Its BARs and bus mastering are off then, until <see cref="EnableBusMaster"/>.
    /// </summary>
    /// <exception cref="PciDeviceException">It does not wake up, or an access failed.</exception>
    public void WakeUp()
    {
        foreach (int capability in FindCapabilities(PowerManagementId))
        {
            if ((ReadConfig(capability + PowerControl, 2) & PowerStateMask) != 0) LeaveSleep(capability + PowerControl);
        }
    }

    /// <summary>
    /// Switches MSI and MSI-X off, as a driver before may have left them: a driver that polls wants no messages, and
    /// both at once are forbidden. Not for a function with connected vectors. The kernel's VFIO has done so already,
    /// and takes no notice.
    /// </summary>
    /// <exception cref="PciDeviceException">An access failed.</exception>
    public void DisableMessages()
    {
        ChangeMessages(MsiId, MsiEnable, 0);
        ChangeMessages(MsixId, MsixEnable, 0);
    }

    /// <summary>
    /// Changes bits of a kind's control register; does nothing where the function has no such messages.
    /// </summary>
    internal void ChangeMessages(byte id, uint mask, uint value)
    {
        foreach (int control in FindCapabilities(id).Take(1).Select(capability => capability + 2))
            WriteConfig(control, ReadConfig(control, 2) & ~mask | value, 2);
    }
}
