using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

// Features only some functions have, unsupported ones, and why a function cannot be used.
public sealed unsafe partial class SysfsPciDevice
{
    /// <inheritdoc/>
    public override void Reset()
    {
        string path = Path.Combine(_function.Directory, "reset");
        if (!File.Exists(path)) throw HasNoReset();
        using var file = KernelFile.Open(path, FileAccess.Write);
        try
        {
            RandomAccess.Write(file, "1"u8, fileOffset: 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PciDeviceException($"{Name} cannot be reset: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public override int CountInterruptVectors(InterruptKind kind) => throw new InterruptsNotSupportedException(
        $"{Name} is driven through sysfs, which has no interrupts: poll, or bind the function to vfio-pci");

    private IommuTranslatesException IsTranslated() => new(_function.DescribeTranslation());

    private PrivilegeException NeedsRoot() =>
        new($"{Name} is driven through sysfs, which needs root: run as root, or bind it to vfio-pci");

    private PciDeviceException IsHeld(string driver) => new(
        $"{Name} is held by the kernel driver {driver}: release it with 'echo {Name} | sudo tee "
        + $"{_function.Directory}/driver/unbind'");
}
