using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

// What the kernel refuses.
public abstract unsafe partial class KernelPciDevice
{
    /// <summary>For a function whose <see cref="PciDevice.Reset"/> the kernel does not know.</summary>
    private protected PciDeviceException HasNoReset() => new(
        $"{Name} has no reset of its own (no FLR, no power states, not alone on its bus): reset it by its own "
        + "registers");

    private PciDeviceException NoAccess(string verb, int offset) =>
        new($"{Name}: cannot {verb} configuration space at 0x{offset:x}: {Libc.LastError()}");
}
