using System.Runtime.InteropServices;

namespace Ixy.Vfio.Interop;

/// <summary>Requests, flags and structures of linux/vfio.h, with its names minus the common prefix.</summary>
public static class Vfio
{
    internal const int API_VERSION = 0, TYPE1v2_IOMMU = 3;

    // _IO(';', 100 + n): no direction, no size.
    private const nuint Base = (';' << 8) + 100;
    internal const nuint GET_API_VERSION = Base, CHECK_EXTENSION = Base + 1, SET_IOMMU = Base + 2;
    internal const nuint GROUP_GET_STATUS = Base + 3, GROUP_SET_CONTAINER = Base + 4, GROUP_GET_DEVICE_FD = Base + 6;
    internal const nuint DEVICE_GET_INFO = Base + 7, DEVICE_GET_REGION_INFO = Base + 8, DEVICE_GET_IRQ_INFO = Base + 9;
    internal const nuint DEVICE_SET_IRQS = Base + 10, DEVICE_RESET = Base + 11;
    internal const nuint IOMMU_GET_INFO = Base + 12, IOMMU_MAP_DMA = Base + 13, IOMMU_UNMAP_DMA = Base + 14;

    internal const uint GROUP_FLAGS_VIABLE = 1 << 0;

    /// <summary>Flags of device_info.</summary>
    public const uint DEVICE_FLAGS_RESET = 1 << 0, DEVICE_FLAGS_PCI = 1 << 1;

    /// <summary>Flags of <see cref="region_info"/>.</summary>
    public const uint REGION_INFO_FLAG_READ = 1 << 0, REGION_INFO_FLAG_WRITE = 1 << 1;

    /// <summary>More flags of it.</summary>
    public const uint REGION_INFO_FLAG_MMAP = 1 << 2, REGION_INFO_FLAG_CAPS = 1 << 3;

    /// <summary>Capabilities that follow <see cref="region_info"/>.</summary>
    public const ushort REGION_INFO_CAP_SPARSE_MMAP = 1, REGION_INFO_CAP_MSIX_MAPPABLE = 3;
    internal const uint IOMMU_INFO_CAPS = 1 << 1;
    internal const ushort IOMMU_TYPE1_INFO_CAP_IOVA_RANGE = 1;

    /// <summary>Flags of DMA mappings.</summary>
    public const uint DMA_MAP_FLAG_READ = 1 << 0, DMA_MAP_FLAG_WRITE = 1 << 1, DMA_UNMAP_FLAG_ALL = 1 << 1;

    /// <summary>Flags of <see cref="irq_info"/>.</summary>
    public const uint IRQ_INFO_EVENTFD = 1 << 0, IRQ_INFO_MASKABLE = 1 << 1, IRQ_INFO_AUTOMASKED = 1 << 2;

    /// <summary>Flags of <see cref="irq_set"/>: what follows it.</summary>
    public const uint IRQ_SET_DATA_NONE = 1 << 0, IRQ_SET_DATA_BOOL = 1 << 1, IRQ_SET_DATA_EVENTFD = 1 << 2;

    /// <summary>Flags of <see cref="irq_set"/>: the action.</summary>
    public const uint IRQ_SET_ACTION_MASK = 1 << 3, IRQ_SET_ACTION_UNMASK = 1 << 4, IRQ_SET_ACTION_TRIGGER = 1 << 5;

    /// <summary>The region that is configuration space; regions 0 to 5 are the BARs.</summary>
    public const int PCI_CONFIG_REGION_INDEX = 7;

    /// <summary>
    /// Interrupt indices after those for a function's own interrupts: an error reported by its PCI Express port, and
    /// the kernel's request to give the function back.
    /// </summary>
    public const int PCI_ERR_IRQ_INDEX = 3, PCI_REQ_IRQ_INDEX = 4;

    [StructLayout(LayoutKind.Sequential)]
    internal struct group_status
    {
        internal uint argsz, flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct device_info
    {
        internal uint argsz, flags, num_regions, num_irqs, cap_offset;
    }

    /// <summary>Length and access of a region.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct region_info
    {
        /// <summary>As in linux/vfio.h.</summary>
        public uint argsz, flags, index, cap_offset;
        /// <summary>As in linux/vfio.h.</summary>
        public ulong size, offset;
    }

    /// <summary>Interrupts of one kind.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct irq_info
    {
        /// <summary>As in linux/vfio.h.</summary>
        public uint argsz, flags, index, count;
    }

    /// <summary>Followed by one 32-bit descriptor per interrupt when IRQ_SET_DATA_EVENTFD is set.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct irq_set
    {
        /// <summary>As in linux/vfio.h.</summary>
        public uint argsz, flags, index, start, count;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct iommu_type1_info
    {
        internal uint argsz, flags;
        internal ulong iova_pgsizes;
        internal uint cap_offset;
        private readonly uint _padding;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct iommu_type1_dma_map
    {
        internal uint argsz, flags;
        internal ulong vaddr, iova, size;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct iommu_type1_dma_unmap
    {
        internal uint argsz, flags;
        internal ulong iova, size;
    }
}
