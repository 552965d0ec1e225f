using Ixy.Vfio.Bars;
using Ixy.Vfio.Interop;
using Microsoft.Win32.SafeHandles;

namespace Ixy.Vfio;

/// <summary>
/// The sysfs transport: <c>config</c> and <c>resourceN</c> of a function that no kernel driver holds, and huge pages
/// with physical addresses (kernel documentation, PCI/sysfs-pci). Needs root, but no kernel module. It has no
/// interrupts, because the kernel delivers a function's interrupts only to a driver.
/// </summary>
public sealed unsafe partial class SysfsPciDevice : KernelPciDevice
{
    private readonly SysfsFunction _function;
    private readonly SafeFileHandle _config;

    /// <summary>Opens a function and takes it for this process.</summary>
    /// <param name="address">The function's address.</param>
    /// <param name="check">Called with the function before it is touched; throws if it is not wanted.</param>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    /// <exception cref="PrivilegeException">Not root.</exception>
    /// <exception cref="PciDeviceException">
    /// A kernel driver holds the function; the message has the command to release it.
    /// </exception>
    public SysfsPciDevice(PciAddress address, Action<PciDevice>? check = null)
        : this(new SysfsFunction(SysfsFunction.Root, address.ToString()), check)
    {
    }

    internal SysfsPciDevice(SysfsFunction function, Action<PciDevice>? check)
    {
        _function = function;
        // Everyone may read the header, so the answer to a wrong device does not depend on permissions.
        _config = KernelFile.Open(Path.Combine(_function.Directory, "config"),
            Environment.IsPrivilegedProcess ? FileAccess.ReadWrite : FileAccess.Read);
        try
        {
            check?.Invoke(this);
            if (!Environment.IsPrivilegedProcess) throw NeedsRoot();
            if (_function.Driver is { } driver) throw IsHeld(driver);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Name => _function.Name;

    /// <inheritdoc/>
    public override bool DeviceAddressIsVirtual => false;

    /// <inheritdoc/>
    public override void ThrowIfTranslated()
    {
        if (_function.IsBehindTranslation) throw IsTranslated();
    }

    /// <inheritdoc/>
    public override int? NumaNode => _function.NumaNode;

    private protected override int ConfigFile => (int)_config.DangerousGetHandle();

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
        _config.Dispose();
    }

    private protected override PciBar MapBar(int index)
    {
        string path = Path.Combine(_function.Directory, $"resource{index}");
        if ((ReadConfig(PciConfig.Bar0 + 4 * index, 4) & PciConfig.BarIsPorts) != 0) return new PortBar(path);
        using var file = KernelFile.Open(path, FileAccess.ReadWrite);
        return MappedBar.Map(path, (int)file.DangerousGetHandle(), 0, checked((uint)RandomAccess.GetLength(file)),
            "; kernel lockdown (secure boot) forbids it");
    }
}
