using System.Runtime.InteropServices;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// The sysfs transport: <c>config</c> and <c>resourceN</c> of a function that no kernel driver holds, and huge pages with
/// physical addresses (kernel documentation, PCI/sysfs-pci). Needs root, but no kernel module.
/// </summary>
public sealed unsafe class SysfsPciDevice : PciDevice
{
    private const string Root = "/sys/bus/pci/devices";
    private readonly string _directory;
    private readonly MappedBar?[] _bars = new MappedBar?[6];
    private int _config = -1;

    /// <summary>Opens a function and takes it for this process.</summary>
    /// <param name="address">Where the function is.</param>
    /// <param name="check">Called with the function before it is touched; throws if it is not wanted.</param>
    /// <exception cref="DeviceNotFoundException">There is none at this address.</exception>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="PciDeviceException">A kernel driver holds the function.</exception>
    public SysfsPciDevice(PciAddress address, Action<PciDevice>? check = null) : this(address, check, Root)
    {
    }

    internal SysfsPciDevice(PciAddress address, Action<PciDevice>? check, string root)
    {
        Name = address.ToString();
        _directory = Path.Combine(root, Name);
        if (!Directory.Exists(_directory))
            throw new DeviceNotFoundException($"there is no PCI function {Name}: 'ls {root}' shows those there are");
        // The header is open to everybody; so the answer to a wrong device does not depend on rights.
        _config = Open("config", Libc.O_RDONLY);
        try
        {
            check?.Invoke(this);
            if (Libc.geteuid() != 0)
                throw new PrivilegeException($"{Name} is driven through sysfs, which needs root: run as root, or bind it to vfio-pci");
            RefuseKernelDriver();
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
        return _bars[index] ??= MapBar($"resource{index}");
    }

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
        foreach (var bar in _bars) bar?.Unmap();
        Array.Clear(_bars);
        if (_config >= 0) _ = Libc.close(_config);
        _config = -1;
    }

    private void RefuseKernelDriver()
    {
        // Null where there is no such link: no driver is bound.
        string? driver = Path.GetFileName(new FileInfo(Path.Combine(_directory, "driver")).LinkTarget);
        if (driver is not null)
            throw new PciDeviceException(
                $"{Name} is held by the kernel driver {driver}: release it with 'echo {Name} | sudo tee {_directory}/driver/unbind'");
    }

    private int Open(string file, int mode)
    {
        string path = Path.Combine(_directory, file);
        int fd = Libc.open(path, mode | Libc.O_CLOEXEC);
        if (fd >= 0) return fd;
        string message = $"{path} cannot be opened: {Libc.LastError()}";
        throw Marshal.GetLastPInvokeError() is Libc.EACCES or Libc.EPERM
            ? new PrivilegeException($"{message}; run as root")
            : new PciDeviceException(message);
    }

    private MappedBar MapBar(string file)
    {
        string path = Path.Combine(_directory, file);
        if (!File.Exists(path)) throw new PciDeviceException($"{Name} has no {file}");
        uint length = checked((uint)new FileInfo(path).Length);
        int fd = Open(file, Libc.O_RDWR | Libc.O_SYNC);
        try
        {
            nint address = Libc.mmap(0, length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0);
            if (address == Libc.MapFailed)
                throw new PciDeviceException($"{path} cannot be mapped: {Libc.LastError()}; kernel lockdown (secure boot) forbids it");
            return new MappedBar((byte*)address, length);
        }
        finally
        {
            _ = Libc.close(fd);
        }
    }
}
