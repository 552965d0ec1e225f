using Ixy.Vfio.Bars;
using Ixy.Vfio.Interop;
using Ixy.Vfio.Sysfs;

namespace Ixy.Vfio;

// What only some functions have, and what there is not.
public sealed unsafe partial class SysfsPciDevice
{
    /// <inheritdoc/>
    public override void Reset()
    {
        const string File = "reset";
        if (!System.IO.File.Exists(Path.Combine(_function.Directory, File)))
            throw new PciDeviceException(
                $"{Name} has no reset of its own (no FLR, no power states, not alone on its bus): reset it by its own registers");
        int fd = Open(File, Libc.O_WRONLY);
        byte one = (byte)'1';
        bool done = Libc.write(fd, &one, sizeof(byte)) == sizeof(byte);
        string reason = Libc.LastError();
        _ = Libc.close(fd);
        if (!done) throw new PciDeviceException($"{Name} cannot be reset: {reason}");
    }

    /// <inheritdoc/>
    public override int CountInterruptVectors(InterruptKind kind) => throw new InterruptsNotSupportedException(
        $"{Name} is driven through sysfs, which has no interrupts: poll, or bind the function to vfio-pci");

    /// <summary>Why a function cannot be used with physical addresses, and what helps.</summary>
    internal static string DescribeTranslation(SysfsFunction function) =>
        $"{function.Name} is behind an IOMMU that translates (the type of its group {function.IommuGroup} is {function.IommuType}), which blocks the " +
        $"physical addresses that sysfs has to do with: use it through VFIO with 'sudo ixy bind {function.Name}', or boot the kernel with iommu=pt";

    private FileBar OpenPorts(string file, string path, uint length)
    {
        _portFiles.Add(Open(file, Libc.O_RDWR));
        return new FileBar(path, _portFiles[^1], 0, length, areas: []);
    }
}
