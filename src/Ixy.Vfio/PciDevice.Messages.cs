namespace Ixy.Vfio;

// Message-signalled interrupts in configuration space (PCI Local Bus 3.0, section 6.8).
public abstract partial class PciDevice
{
    internal const byte MsiId = 0x05, MsixId = 0x11;
    internal const uint MsiEnable = 1 << 0, MsixEnable = 1 << 15;

    /// <summary>
    /// Switches MSI and MSI-X off, as a driver before may have left them: a driver that polls wants no messages, and both at once are
    /// forbidden. Not for a function with connected vectors. The kernel's VFIO has done so already, and takes no notice.
    /// </summary>
    /// <exception cref="PciDeviceException">An access failed.</exception>
    public void DisableMessages()
    {
        ChangeMessages(MsiId, MsiEnable, 0);
        ChangeMessages(MsixId, MsixEnable, 0);
    }

    /// <summary>Changes bits of a kind's control register; does nothing where the function has no such messages.</summary>
    internal void ChangeMessages(byte id, uint mask, uint value)
    {
        foreach (int capability in FindCapabilities(id).Take(1)) WriteConfig(capability + 2, ReadConfig(capability + 2, 2) & ~mask | value, 2);
    }
}
