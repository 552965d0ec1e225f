using System.Runtime.InteropServices;
using Ixy.Vfio.Interop;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Vfio.Kernel;

/// <summary>
/// The container of this process: the address space shared by all open IOMMU groups. There is at most one, opened for
/// the first function and closed with the last. Memory is mapped once, however many functions use it, and stays until
/// the last of them releases it. Thread-safe.
/// </summary>
internal sealed unsafe class VfioContainer
{
    internal const string Directory = "/dev/vfio";

    private static readonly Lock s_lock = new();
    private static VfioContainer? s_current;

    private readonly Dictionary<int, VfioGroup> _groups = [];
    private readonly Dictionary<nuint, int> _users = [];
    private readonly int _fd;
    private bool _hasIommu;

    private VfioContainer(SysfsFunction function, string directory)
    {
        string path = Path.Combine(directory, "vfio");
        _fd = Libc.open(path, Libc.O_RDWR | Libc.O_CLOEXEC);
        if (_fd < 0) throw CannotOpen(function, path);
        try
        {
            RequireVersion(path);
        }
        catch
        {
            _ = Libc.close(_fd);
            throw;
        }
    }

    /// <summary>
    /// Opens a function's group, or shares it if it is already open. Give it back with <see cref="Release"/>.
    /// </summary>
    /// <param name="function">Any function of the group.</param>
    /// <param name="number">The group's number.</param>
    /// <param name="directory">Where the VFIO files are.</param>
    /// <exception cref="PciDeviceException">
    /// VFIO, its version, or the group is unsuitable; the message says how to fix it.
    /// </exception>
    internal static (VfioContainer Container, VfioGroup Group) Take(
        SysfsFunction function, int number, string directory)
    {
        lock (s_lock)
        {
            var container = s_current ??= new(function, directory);
            try
            {
                return (container, container.TakeGroup(function, number, directory));
            }
            finally
            {
                container.CloseIfUnused();
            }
        }
    }

    /// <summary>Closes the group, and the container if nothing else uses it.</summary>
    internal void Release(VfioGroup group)
    {
        lock (s_lock)
        {
            if (--group.Users > 0) return;
            group.Close();
            _groups.Remove(group.Number);
            CloseIfUnused();
        }
    }

    /// <summary>Pins a chunk and maps it at its own address, unless that is done already.</summary>
    /// <exception cref="DmaMemoryException">The IOMMU cannot translate these addresses, or the kernel
    /// refused.</exception>
    /// <exception cref="MemoryLockLimitException">This process may not pin that much.</exception>
    internal void Map(string device, DmaChunk chunk)
    {
        lock (s_lock)
        {
            int users = _users.GetValueOrDefault(chunk.Address);
            if (users == 0) MapNow(device, chunk);
            _users[chunk.Address] = users + 1;
        }
    }

    /// <summary>Unmaps the chunk once nothing needs it any more, and unpins it.</summary>
    /// <exception cref="DmaMemoryException">The kernel refused.</exception>
    internal void Unmap(string device, DmaChunk chunk)
    {
        lock (s_lock)
        {
            if (--_users[chunk.Address] > 0) return;
            _users.Remove(chunk.Address);
            var unmap = new iommu_type1_dma_unmap
            {
                argsz = (uint)sizeof(iommu_type1_dma_unmap),
                iova = chunk.Address,
                size = chunk.Length
            };
            // The kernel returns how much it unmapped.
            if (Libc.ioctl(_fd, IOMMU_UNMAP_DMA, &unmap) < 0 || unmap.size != chunk.Length)
                throw new DmaMemoryException(
                    $"{device}: the memory at 0x{chunk.Address:x} cannot be unmapped: {Libc.LastError()}");
        }
    }

    private VfioGroup TakeGroup(SysfsFunction function, int number, string directory)
    {
        if (!_groups.TryGetValue(number, out var group))
        {
            group = new(function, number, directory);
            try
            {
                group.Join(function, _fd);
                SetIommu(function);
            }
            catch
            {
                group.Close();
                throw;
            }
            _groups.Add(number, group);
        }
        group.Users++;
        return group;
    }

    // The container gets an IOMMU driver with its first group, and loses it with the last.
    private void SetIommu(SysfsFunction function)
    {
        if (_hasIommu) return;
        if (Libc.ioctl(_fd, SET_IOMMU, (void*)TYPE1v2_IOMMU) < 0)
            throw Marshal.GetLastPInvokeError() == Libc.EPERM
                ? VfioGroup.NoInterruptRemapping(function)
                : new PciDeviceException($"{function.Name}: the IOMMU cannot be used through VFIO: {Libc.LastError()}");
        _hasIommu = true;
    }

    private void CloseIfUnused()
    {
        if (_groups.Count > 0) return;
        _ = Libc.close(_fd);
        s_current = null;
    }

    private void RequireVersion(string path)
    {
        int version = Libc.ioctl(_fd, GET_API_VERSION, null);
        if (version != API_VERSION)
            throw new VfioUnavailableException(version < 0
                ? $"{path} is not the container file of VFIO: {Libc.LastError()}; load the module with 'sudo modprobe "
                + "vfio-pci'"
                : $"{path} speaks version {version} of VFIO, expected {API_VERSION}: use a kernel whose linux/vfio.h "
                + "says so");
        if (Libc.ioctl(_fd, CHECK_EXTENSION, (void*)TYPE1v2_IOMMU) != 1)
            throw new VfioUnavailableException(
                $"{path} offers no Type1 v2 IOMMU: load its module with 'sudo modprobe vfio_iommu_type1' (Linux 3.17 "
                + "or later, x86 or arm64)");
    }

    private void MapNow(string device, DmaChunk chunk)
    {
        byte[] info = VfioCall.Query(_fd, IOMMU_GET_INFO, sizeof(iommu_type1_info), 0, $"{device}: the IOMMU's info");
        if (IovaRanges.Parse(info) is { } ranges && !ranges.Covers(chunk.Address, chunk.Length))
            throw new DmaMemoryException(
                $"{device}: its IOMMU translates the addresses {ranges}, and DMA memory is at 0x{chunk.Address:x} to " +
                $"0x{chunk.Address + chunk.Length - 1:x}: a wider IOMMU is required (39 bits; QEMU: -device "
                + "intel-iommu,aw-bits=39 or 48)");
        var map = new iommu_type1_dma_map
        {
            argsz = (uint)sizeof(iommu_type1_dma_map),
            flags = DMA_MAP_FLAG_READ | DMA_MAP_FLAG_WRITE,
            vaddr = chunk.Address,
            iova = chunk.Address,
            size = chunk.Length,
        };
        if (Libc.ioctl(_fd, IOMMU_MAP_DMA, &map) < 0) throw CannotMap(device, chunk);
    }

    private static PciDeviceException CannotMap(string device, DmaChunk chunk)
    {
        string reason = Libc.LastError();
        int error = Marshal.GetLastPInvokeError();
        ulong limit = MemoryLock.Limit, needed = MemoryLock.Locked + chunk.Length;
        if (error == Libc.ENOMEM && needed > limit)
            return new MemoryLockLimitException(
                $"{device}: VFIO pins DMA memory, which needs a limit of {needed >> 10} KiB of locked memory, " +
                $"and this process has {limit >> 10} KiB: " +
                $"raise it with 'sudo prlimit --pid $$ --memlock={needed}' in this shell, or for good in "
                + "/etc/security/limits.conf", limit, needed);
        return new DmaMemoryException(
            $"{device}: {chunk.Length >> 20} MiB at 0x{chunk.Address:x} cannot be mapped for DMA: {reason}");
    }

    private static PciDeviceException CannotOpen(SysfsFunction function, string path) =>
        Marshal.GetLastPInvokeError() switch
        {
            // If udev creates the file in advance, opening it loads the module, or fails with ENODEV.
            Libc.ENOENT or Libc.ENODEV or Libc.ENXIO => new VfioUnavailableException(
                $"{function.Name}: the kernel's VFIO is not loaded ({path}: {Libc.LastError()}): load it with 'sudo "
                + "modprobe vfio-pci'"),
            Libc.EACCES or Libc.EPERM => new PrivilegeException(
                $"{function.Name}: {path} is closed to this user: {Libc.LastError()}; " +
                $"open it with 'sudo chmod 666 {path}' (it gives no rights by itself)"),
            _ => new PciDeviceException($"{function.Name}: {path} cannot be opened: {Libc.LastError()}"),
        };
}
