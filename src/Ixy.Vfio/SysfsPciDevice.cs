using System.Runtime.InteropServices;
using Ixy.Vfio.Bars;
using Ixy.Vfio.Interop;
using Ixy.Vfio.Sysfs;

namespace Ixy.Vfio;

/// <summary>
/// The sysfs transport: <c>config</c> and <c>resourceN</c> of a function that no kernel driver holds, and huge pages with
/// physical addresses (kernel documentation, PCI/sysfs-pci). Needs root, but no kernel module. It has no interrupts: the
/// kernel hands those of a function only to a driver.
/// </summary>
public sealed unsafe class SysfsPciDevice : PciDevice
{
    private readonly SysfsFunction _function;
    private readonly PciBar?[] _bars = new PciBar?[6];
    private readonly List<int> _portFiles = [];
    private int _config = -1;

    /// <summary>Opens a function and takes it for this process.</summary>
    /// <param name="address">Where the function is.</param>
    /// <param name="check">Called with the function before it is touched; throws if it is not wanted.</param>
    /// <param name="kernelDriver">What to do with a kernel driver that holds the function.</param>
    /// <exception cref="DeviceNotFoundException">There is none at this address.</exception>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="InterfaceInUseException">The kernel's network interface of the function is in use.</exception>
    /// <exception cref="PciDeviceException">A kernel driver holds the function, or cannot be unbound.</exception>
    public SysfsPciDevice(PciAddress address, Action<PciDevice>? check = null, KernelDriverPolicy kernelDriver = KernelDriverPolicy.Refuse)
        : this(address, check, SysfsFunction.Root, kernelDriver)
    {
    }

    internal SysfsPciDevice(PciAddress address, Action<PciDevice>? check, string root, KernelDriverPolicy kernelDriver = KernelDriverPolicy.Refuse)
    {
        Name = address.ToString();
        _function = new(root, Name);
        // The header is open to everybody; so the answer to a wrong device does not depend on rights.
        _config = Open("config", Libc.O_RDONLY);
        try
        {
            check?.Invoke(this);
            if (Libc.geteuid() != 0)
                throw new PrivilegeException($"{Name} is driven through sysfs, which needs root: run as root, or bind it to vfio-pci");
            KernelDriver.Release(_function, kernelDriver);
            _ = Libc.close(_config);
            _config = Open("config", Libc.O_RDWR);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override bool DeviceAddressIsVirtual => false;

    /// <inheritdoc/>
    public override void ThrowIfTranslated()
    {
        if (_function.IsBehindTranslation) throw new IommuTranslatesException(DescribeTranslation(_function));
    }

    /// <inheritdoc/>
    public override int? NumaNode => _function.NumaNode;

    /// <inheritdoc/>
    public override uint ReadConfig(int offset, int size)
    {
        uint value = 0;
        if (Libc.pread(_config, &value, (nuint)size, offset) != size)
            throw new PciDeviceException($"{Name}: configuration space cannot be read at 0x{offset:x}: {Libc.LastError()}");
        return value;
    }

    /// <inheritdoc/>
    public override void WriteConfig(int offset, uint value, int size)
    {
        if (Libc.pwrite(_config, &value, (nuint)size, offset) != size)
            throw new PciDeviceException($"{Name}: configuration space cannot be written at 0x{offset:x}: {Libc.LastError()}");
    }

    /// <inheritdoc/>
    public override PciBar OpenBar(int index)
    {
        if ((uint)index > 5) throw new PciDeviceException($"{Name}: a PCI function has the BARs 0 to 5, not {index}");
        return _bars[index] ??= MapBar(index);
    }

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

    /// <inheritdoc/>
    protected internal override void MapDma(DmaChunk chunk)
    {
        // Without an IOMMU all physical memory is visible to the device: nothing to do.
    }

    /// <inheritdoc/>
    protected internal override void UnmapDma(DmaChunk chunk)
    {
        // As above.
    }

    /// <inheritdoc/>
    protected override void Close()
    {
        foreach (var bar in _bars) (bar as IDisposable)?.Dispose();
        Array.Clear(_bars);
        foreach (int fd in _portFiles) _ = Libc.close(fd);
        _portFiles.Clear();
        if (_config >= 0) _ = Libc.close(_config);
        _config = -1;
    }

    /// <summary>Why a function cannot be used with physical addresses, and what helps.</summary>
    internal static string DescribeTranslation(SysfsFunction function) =>
        $"{function.Name} is behind an IOMMU that translates (the type of its group {function.IommuGroup} is {function.IommuType}), which blocks the " +
        $"physical addresses that sysfs has to do with: use it through VFIO with 'sudo ixy bind {function.Name}', or boot the kernel with iommu=pt";

    private int Open(string file, int mode)
    {
        string path = Path.Combine(_function.Directory, file);
        int fd = Libc.open(path, mode | Libc.O_CLOEXEC);
        if (fd >= 0) return fd;
        string message = $"{path} cannot be opened: {Libc.LastError()}";
        throw Marshal.GetLastPInvokeError() is Libc.EACCES or Libc.EPERM
            ? new PrivilegeException($"{message}; run as root")
            : new PciDeviceException(message);
    }

    private PciBar MapBar(int index)
    {
        const uint IsPorts = 1;
        string file = $"resource{index}", path = Path.Combine(_function.Directory, file);
        if (!File.Exists(path)) throw new PciDeviceException($"{Name} has no {file}");
        uint length = checked((uint)new FileInfo(path).Length);
        // The lowest bit of the base address register tells ports from memory (PCI Local Bus 3.0, 6.2.5.1).
        if ((ReadConfig(PciConfig.Bar0 + 4 * index, 4) & IsPorts) != 0)
        {
            _portFiles.Add(Open(file, Libc.O_RDWR));
            return new FileBar(path, _portFiles[^1], 0, length, areas: []);
        }
        int fd = Open(file, Libc.O_RDWR | Libc.O_SYNC);
        try
        {
            return MappedBar.Map(path, fd, 0, length, "; kernel lockdown (secure boot) forbids it");
        }
        finally
        {
            _ = Libc.close(fd);
        }
    }
}
