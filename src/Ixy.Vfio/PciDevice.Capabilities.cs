namespace Ixy.Vfio;

// A function's capabilities, and what a previous driver may have left in them.
public abstract partial class PciDevice
{
    internal const byte PowerManagementId = 0x01, MsiId = 0x05, MsixId = 0x11;
    internal const uint PowerStateMask = 3, MsiEnable = 1 << 0, MsixEnable = 1 << 15;
    private const int PowerControl = 4;

    /// <summary>Walks the capability list (PCI Local Bus 3.0, section 6.7).</summary>
    /// <param name="id">The capability's id, e.g. 0x11 for MSI-X; several may have the same (0x09, vendor
    /// specific).</param>
    /// <returns>Offsets in configuration space, in list order; none if the function has no such capability.</returns>
    /// <exception cref="PciDeviceException">An access failed, or the list does not end.</exception>
    public IEnumerable<int> FindCapabilities(byte id)
    {
        const uint HasList = 1 << 4;
        if ((ReadConfig(PciConfig.Status, 2) & HasList) == 0) yield break;
        // A list that loops would have more entries than fit into the space.
        int left = (256 - 64) / 4;
        for (int offset = Next(PciConfig.CapabilitiesPointer); offset != 0; offset = Next(offset + 1))
        {
            if (left-- == 0) throw HasNoEnd();
            if (ReadConfig(offset, 1) == id) yield return offset;
        }

        int Next(int pointer) => (int)ReadConfig(pointer, 1) & ~3;
    }

    /// <summary>
    /// Wakes the function up. The previous user may have left it in D3hot, as kernels do with unused functions: it then
    /// answers only in configuration space, and its BARs read as ones. Does nothing in D0, or without power management.
    /// A function that wakes up as if reset gets back its base addresses, and the system's settings for its PCI Express
    /// link. Its BARs and bus mastering are then off until <see cref="EnableBusMaster"/>.
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
    /// Switches off MSI and MSI-X, which a previous driver may have left on: a polling driver wants no messages, and
    /// both at once are forbidden. Not for a function with connected vectors. The kernel's VFIO has already done this,
    /// and ignores it.
    /// </summary>
    /// <exception cref="PciDeviceException">An access failed.</exception>
    public void DisableMessages()
    {
        ChangeMessages(MsiId, MsiEnable, 0);
        ChangeMessages(MsixId, MsixEnable, 0);
    }

    /// <summary>Changes bits of a kind's control register; does nothing if the function has no such messages.</summary>
    internal void ChangeMessages(byte id, uint mask, uint value)
    {
        foreach (int control in FindCapabilities(id).Take(1).Select(capability => capability + 2))
            WriteConfig(control, ReadConfig(control, 2) & ~mask | value, 2);
    }
}
