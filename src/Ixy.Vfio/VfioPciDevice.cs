using Ixy.Vfio.Bars;
using Ixy.Vfio.Interop;
using Ixy.Vfio.Kernel;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Vfio;

/// <summary>
/// The kernel VFIO transport: a function bound to vfio-pci, behind an IOMMU (kernel documentation, driver-api/vfio;
/// linux/vfio.h). The device reaches the DMA arena and nothing else, so root is not needed, only access to the file of
/// its IOMMU group, and a sufficient limit on locked memory.
/// </summary>
public sealed unsafe partial class VfioPciDevice : KernelPciDevice
{
    private readonly VfioContainer _container;
    private readonly VfioGroup _group;
    private readonly VfioRegion _config;
    private readonly bool _hasReset;
    private int _fd = -1;

    /// <summary>Opens a function and takes its IOMMU group for this process.</summary>
    /// <param name="address">The function's address.</param>
    /// <param name="check">Called with the function once its configuration can be read; throws if it is not
    /// wanted.</param>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    /// <exception cref="VfioUnavailableException">The kernel has no usable VFIO, or the function no IOMMU.</exception>
    /// <exception cref="NotBoundToVfioException">It is bound to another driver, or to none.</exception>
    /// <exception cref="PrivilegeException">This user may not open the group's file.</exception>
    /// <exception cref="DeviceBusyException">Another process has the group.</exception>
    /// <exception cref="GroupNotViableException">The kernel drives another function of the group.</exception>
    public VfioPciDevice(PciAddress address, Action<PciDevice>? check = null)
        : this(new SysfsFunction(SysfsFunction.Root, address.ToString()), check)
    {
    }

    internal VfioPciDevice(SysfsFunction function, Action<PciDevice>? check, string directory = VfioContainer.Directory)
    {
        Name = function.Name;
        NumaNode = function.NumaNode;
        int number = RequireVfio(function, directory);
        (_container, _group) = VfioContainer.Take(function, number, directory);
        try
        {
            _fd = _group.OpenDevice(Name);
            var info = VfioCall.Query<device_info>(_fd, DEVICE_GET_INFO, 0, $"{Name}: its VFIO info");
            _hasReset = (info.flags & DEVICE_FLAGS_RESET) != 0;
            _config = FindRegion(PCI_CONFIG_REGION_INDEX);
            check?.Invoke(this);
            _notices = new(Name, "the kernel", ConnectNotice, Clock, " ('sudo dmesg | tail' has the error)");
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
    public override bool HasIommu => true;

    /// <inheritdoc/>
    public override int? NumaNode { get; }

    /// <summary>The number of the function's IOMMU group.</summary>
    public int IommuGroup => _group.Number;

    private protected override int ConfigFile => _fd;

    private protected override long ConfigStart => _config.Offset;

    /// <inheritdoc/>
    public override void Reset()
    {
        if (!_hasReset) throw HasNoReset();
        if (Libc.ioctl(_fd, DEVICE_RESET, null) < 0)
            throw new PciDeviceException($"{Name} cannot be reset: {Libc.LastError()}");
    }

    /// <inheritdoc/>
    public override int CountInterruptVectors(InterruptKind kind) =>
        (int)VfioCall.Query<irq_info>(_fd, DEVICE_GET_IRQ_INFO, Index(kind), $"{Name}: how many {kind} vectors it has")
        .count;

    /// <inheritdoc/>
    protected internal override void ConnectInterrupts(InterruptKind kind, ReadOnlySpan<int> eventDescriptors) =>
        SetInterrupts(kind, IRQ_SET_ACTION_TRIGGER, eventDescriptors);

    /// <inheritdoc/>
    protected internal override void DisconnectInterrupts(InterruptKind kind) =>
        SetInterrupts(kind, IRQ_SET_ACTION_TRIGGER, [], vectors: 0);

    /// <inheritdoc/>
    protected internal override void MaskInterruptLine(bool masked) =>
        SetInterrupts(InterruptKind.Intx, masked ? IRQ_SET_ACTION_MASK : IRQ_SET_ACTION_UNMASK, []);

    /// <inheritdoc/>
    protected internal override void MapDma(DmaChunk chunk) => _container.Map(Name, chunk);

    /// <inheritdoc/>
    protected internal override void UnmapDma(DmaChunk chunk) => _container.Unmap(Name, chunk);

    /// <inheritdoc/>
    protected override void Close()
    {
        base.Close();
        _notices?.Dispose();
        if (_fd >= 0) _ = Libc.close(_fd);
        _fd = -1;
        _container.Release(_group);
    }

    private static int RequireVfio(SysfsFunction function, string directory)
    {
        if (function.IommuGroup is not { } group)
            throw new VfioUnavailableException(
                $"{function.Name} is behind no IOMMU, which VFIO needs: switch it on (BIOS: VT-d or AMD-Vi; kernel "
                + "command line: " +
                "intel_iommu=on or amd_iommu=on), or unbind the function from every driver to use it through sysfs as "
                + "root");
        if (!Path.Exists(Path.Combine(directory, "vfio")))
            throw new VfioUnavailableException(
                $"{function.Name}: the kernel's VFIO is not loaded (there is no {directory}/vfio): load it with 'sudo "
                + "modprobe vfio-pci'");
        if (!function.IsBoundToVfio)
            throw new NotBoundToVfioException(
                $"{function.Name} is bound to {function.Driver ?? "no driver"}, expected vfio-pci: bind it with " +
                $"'echo vfio-pci | sudo tee {function.Directory}/driver_override; " +
                (function.Driver is null ? ""
                    : $"echo {function.Name} | sudo tee {function.Directory}/driver/unbind; ") +
                $"echo {function.Name} | sudo tee /sys/bus/pci/drivers_probe'", function.Driver);
        return group;
    }

    private protected override PciBar MapBar(int index)
    {
        var region = FindRegion(index);
        if (region.Length == 0) throw new PciDeviceException($"{Name} has no BAR {index}");
        string name = $"{Name}: BAR {index}";
        return region.Areas is [(0, var length)] && length == region.Length
            ? MappedBar.Map(name, _fd, region.Offset, region.Length)
            : new FileBar(name, _fd, region.Offset, region.Length, region.Areas);
    }

    private VfioRegion FindRegion(int index) =>
        VfioRegion.Parse(
            VfioCall.Query(
                _fd, DEVICE_GET_REGION_INFO, sizeof(region_info), index, $"{Name}: the info of region {index}"));

    // VFIO counts the kinds as the enumeration does.
    private static int Index(InterruptKind kind) => (int)kind;

    private void SetInterrupts(InterruptKind kind, uint action, ReadOnlySpan<int> eventDescriptors, int vectors = 1)
    {
        if (!TrySetInterrupts(Index(kind), action, eventDescriptors, vectors))
            throw new PciDeviceException($"{Name}: its {kind} vectors cannot be set: {Libc.LastError()}");
    }
}
