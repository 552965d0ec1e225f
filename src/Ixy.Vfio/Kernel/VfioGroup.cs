using System.Runtime.InteropServices;
using Ixy.Vfio.Interop;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Vfio.Kernel;

/// <summary>
/// An IOMMU group: the smallest set of functions that the IOMMU can tell apart. The kernel lets only one process open
/// it, and only once, so all its functions share this object; <see cref="VfioContainer"/> counts them.
/// </summary>
internal sealed unsafe class VfioGroup
{
    private readonly int _fd;

    /// <exception cref="PciDeviceException">
    /// It cannot be opened, or is not viable; the message says how to fix it.
    /// </exception>
    internal VfioGroup(SysfsFunction function, int number, string directory)
    {
        Number = number;
        string path = Path.Combine(directory, $"{number}");
        _fd = Libc.open(path, Libc.O_RDWR | Libc.O_CLOEXEC);
        if (_fd < 0) throw CannotOpen(function, path);
        try
        {
            RequireViable(function);
        }
        catch
        {
            Close();
            throw;
        }
    }

    internal int Number { get; }

    /// <summary>How many of its functions this process has open.</summary>
    internal int Users { get; set; }

    /// <summary>Puts the group into a container; its functions then share the container's DMA mappings.</summary>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    internal void Join(SysfsFunction function, int container)
    {
        if (Libc.ioctl(_fd, GROUP_SET_CONTAINER, &container) >= 0) return;
        if (Marshal.GetLastPInvokeError() == Libc.EPERM) throw NoInterruptRemapping(function);
        throw new PciDeviceException(
            $"{function.Name}: its IOMMU group {Number} cannot share DMA memory with the functions that are open: "
            + $"{Libc.LastError()}");
    }

    /// <summary>A descriptor of one of the group's functions; the caller closes it.</summary>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    internal int OpenDevice(string name)
    {
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        try
        {
            int fd = Libc.ioctl(_fd, GROUP_GET_DEVICE_FD, (void*)text);
            return fd >= 0 ? fd
                : throw new PciDeviceException(
                    $"{name} cannot be opened in its IOMMU group {Number}: {Libc.LastError()}");
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    internal void Close() => _ = Libc.close(_fd);

    /// <summary>
    /// The kernel's "operation not permitted" when a group without interrupt remapping is attached to its IOMMU.
    /// </summary>
    internal static VfioUnavailableException NoInterruptRemapping(SysfsFunction function) => new(
        $"{function.Name}: the IOMMU does not remap interrupts, so VFIO refuses it (errno {Libc.EPERM}): switch "
        + "interrupt remapping on " +
        "(BIOS: VT-d with x2APIC; QEMU: -device intel-iommu,intremap=on), or, if the device is trusted, run " +
        "'echo Y | sudo tee /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts'");

    private void RequireViable(SysfsFunction function)
    {
        var status = new group_status { argsz = (uint)sizeof(group_status) };
        if (Libc.ioctl(_fd, GROUP_GET_STATUS, &status) < 0)
            throw new PciDeviceException(
                $"{function.Name}: the status of IOMMU group {Number} cannot be read: {Libc.LastError()}");
        if ((status.flags & GROUP_FLAGS_VIABLE) != 0) return;
        var held = function.GroupMembers().Where(member => !member.IsBoundToVfio && member.Driver is not null).ToList();
        string[] devices = [.. held.Select(member => $"{member.Name} ({member.Driver})")];
        string commands = string.Join(
            "; ", held.Select(member => $"echo {member.Name} | sudo tee {member.Directory}/driver/unbind"));
        throw new GroupNotViableException(
            $"{function.Name} shares IOMMU group {Number} with {string.Join(", ", devices)}, which the kernel drives, "
            + "and whoever has one of a " +
            $"group can reach the others: bind them all to vfio-pci, or release them with '{commands}'", Number,
            devices);
    }

    private PciDeviceException CannotOpen(SysfsFunction function, string path) => Marshal.GetLastPInvokeError() switch
    {
        Libc.EACCES or Libc.EPERM => new PrivilegeException(
            $"{function.Name}: {path}, the file of its IOMMU group, is closed to this user: {Libc.LastError()}; " +
            $"open it with 'sudo chown {Environment.UserName} {path}'"),
        Libc.EBUSY => new DeviceBusyException(
            $"{function.Name}: its IOMMU group {Number} is in use: 'sudo fuser -v {path}' shows the process that has "
            + "to end first"),
        Libc.ENOENT => new PciDeviceException(
            $"{function.Name}: there is no {path}, though the function is bound to vfio-pci: inside a container, pass "
            + $"it in with '--device {path}'"),
        _ => new PciDeviceException($"{function.Name}: {path} cannot be opened: {Libc.LastError()}"),
    };
}
