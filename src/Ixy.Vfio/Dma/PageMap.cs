using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Dma;

/// <summary>Physical addresses of this process's memory (kernel documentation, admin-guide/mm/pagemap).</summary>
internal static unsafe class PageMap
{
    private const int PageLength = 4096;
    private const ulong Present = 1UL << 63, FrameNumber = (1UL << 55) - 1;

    /// <summary>The physical address behind a virtual address that is present.</summary>
    /// <exception cref="PrivilegeException">The kernel shows frame numbers only with CAP_SYS_ADMIN.</exception>
    internal static ulong PhysicalAddress(nuint address)
    {
        int fd = Libc.open("/proc/self/pagemap", Libc.O_RDONLY | Libc.O_CLOEXEC);
        if (fd < 0) throw new PrivilegeException($"/proc/self/pagemap cannot be opened: {Libc.LastError()}; run as root");
        try
        {
            ulong entry;
            nint read = Libc.pread(fd, &entry, sizeof(ulong), (long)(address / PageLength * sizeof(ulong)));
            if (read != sizeof(ulong)) throw new PciDeviceException($"/proc/self/pagemap: {Libc.LastError()}");
            if ((entry & Present) == 0) throw new PciDeviceException($"0x{address:x} is not in memory");
            if ((entry & FrameNumber) == 0)
                throw new PrivilegeException(
                    "/proc/self/pagemap shows no physical addresses without CAP_SYS_ADMIN: run as root, or use vfio-pci");
            return (entry & FrameNumber) * PageLength + address % PageLength;
        }
        finally
        {
            _ = Libc.close(fd);
        }
    }
}
