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
public sealed unsafe partial class SysfsPciDevice : KernelPciDevice
{
    private readonly SysfsFunction _function;
    private readonly List<int> _portFiles = [];
    private int _config = -1;

    /// <summary>Opens a function and takes it for this process.</summary>
    /// <param name="address">Where the function is.</param>
    /// <param name="check">Called with the function before it is touched; throws if it is not wanted.</param>
    /// <exception cref="DeviceNotFoundException">There is none at this address.</exception>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="PciDeviceException">A kernel driver holds the function; the message has the command that releases it.</exception>
    public SysfsPciDevice(PciAddress address, Action<PciDevice>? check = null) : this(address, check, SysfsFunction.Root)
    {
    }

    internal SysfsPciDevice(PciAddress address, Action<PciDevice>? check, string root)
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
            if (_function.Driver is { } driver)
                throw new PciDeviceException(
                    $"{Name} is held by the kernel driver {driver}: release it with 'echo {Name} | sudo tee {_function.Directory}/driver/unbind'");
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

    private protected override int ConfigFile => _config;

    private protected override long ConfigStart => 0;

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
        base.Close();
        foreach (int fd in _portFiles) _ = Libc.close(fd);
        _portFiles.Clear();
        if (_config >= 0) _ = Libc.close(_config);
        _config = -1;
    }

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

    private protected override PciBar MapBar(int index)
    {
        const uint IsPorts = 1;
        string file = $"resource{index}", path = Path.Combine(_function.Directory, file);
        if (!File.Exists(path)) throw new PciDeviceException($"{Name} has no {file}");
        uint length = checked((uint)new FileInfo(path).Length);
        // The lowest bit of the base address register tells ports from memory (PCI Local Bus 3.0, 6.2.5.1).
        if ((ReadConfig(PciConfig.Bar0 + 4 * index, 4) & IsPorts) != 0) return OpenPorts(file, path, length);
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
