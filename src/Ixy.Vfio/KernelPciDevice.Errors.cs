using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

// Errors for requests the kernel refuses.
public abstract unsafe partial class KernelPciDevice
{
    /// <summary>For a function that the kernel cannot reset (<see cref="PciDevice.Reset"/>).</summary>
    private protected PciDeviceException HasNoReset() => new(
        $"{Name} has no reset of its own (no FLR, no power states, not alone on its bus): reset it by its own "
        + "registers");

    private PciDeviceException NoAccess(string verb, int offset) =>
        new($"{Name}: cannot {verb} configuration space at 0x{offset:x}: {Libc.LastError()}");
}
