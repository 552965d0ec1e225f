using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// What the kernel's two transports share: configuration space is part of a file, and a BAR is opened once and closed
/// at the end.
/// </summary>
public abstract unsafe partial class KernelPciDevice : PciDevice
{
    private readonly PciBar?[] _bars = new PciBar?[6];

    /// <summary>Opens a function through VFIO if it is bound to that, and otherwise through sysfs.</summary>
    /// <param name="address">The function's address.</param>
    /// <param name="check">Called with the function once its configuration can be read; throws if it is not
    /// wanted.</param>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    /// <exception cref="PciDeviceException">
    /// As for <see cref="VfioPciDevice"/> or <see cref="SysfsPciDevice"/>.
    /// </exception>
    public static KernelPciDevice Open(PciAddress address, Action<PciDevice>? check = null)
    {
        var function = new SysfsFunction(SysfsFunction.Root, address.ToString());
        return function.IsBoundToVfio ? new VfioPciDevice(function, check) : new SysfsPciDevice(function, check);
    }

    /// <inheritdoc/>
    public override uint ReadConfig(int offset, int size)
    {
        uint value = 0;
        if (Libc.pread(ConfigFile, &value, (nuint)size, ConfigStart + offset) != size) throw NoAccess("read", offset);
        return value;
    }

    /// <inheritdoc/>
    public override void WriteConfig(int offset, uint value, int size)
    {
        if (Libc.pwrite(ConfigFile, &value, (nuint)size, ConfigStart + offset) != size) throw NoAccess("write", offset);
    }

    /// <inheritdoc/>
    public override PciBar OpenBar(int index)
    {
        if ((uint)index > 5) throw new PciDeviceException($"{Name}: a PCI function has the BARs 0 to 5, not {index}");
        return _bars[index] ??= MapBar(index);
    }

    /// <summary>The file that contains configuration space.</summary>
    private protected abstract int ConfigFile { get; }

    /// <summary>Where it begins in that file.</summary>
    private protected virtual long ConfigStart => 0;

    /// <summary>Opens one of the BARs 0 to 5.</summary>
    /// <exception cref="PciDeviceException">The function has no such BAR, or it cannot be mapped.</exception>
    private protected abstract PciBar MapBar(int index);

    /// <inheritdoc/>
    protected override void Close()
    {
        foreach (var bar in _bars) (bar as IDisposable)?.Dispose();
        Array.Clear(_bars);
    }
}
