using System.Runtime.InteropServices;

namespace Ixy.Vfio.VfioUser;

/// <summary>What a message asks for (vfio-user, "Commands"). DMA_READ and DMA_WRITE go from server to client, all others to the server.</summary>
internal enum Command : ushort
{
    VERSION = 1,
    DMA_MAP = 2,
    DMA_UNMAP = 3,
    DEVICE_GET_INFO = 4,
    DEVICE_GET_REGION_INFO = 5,
    DEVICE_GET_REGION_IO_FDS = 6,
    DEVICE_GET_IRQ_INFO = 7,
    DEVICE_SET_IRQS = 8,
    REGION_READ = 9,
    REGION_WRITE = 10,
    DMA_READ = 11,
    DMA_WRITE = 12,
    DEVICE_RESET = 13,
    REGION_WRITE_MULTI = 15,
    DEVICE_FEATURE = 16,
    MIG_DATA_READ = 17,
    MIG_DATA_WRITE = 18,
}

/// <summary>Begins every message; little-endian, as all that follows. All sizes are in bytes.</summary>
/// <param name="Id">The sender's choice; a reply has that of its command.</param>
/// <param name="Command">What is asked for, or answered.</param>
/// <param name="Size">Of the whole message with this header.</param>
/// <param name="Flags">Kind, and the two bits of <see cref="Protocol"/>.</param>
/// <param name="Error">An errno value, where <see cref="Protocol.FLAG_ERROR"/> is set.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Header(ushort Id, Command Command, uint Size, uint Flags, uint Error)
{
    internal const int Length = 16;

    internal bool IsReply => (Flags & Protocol.TYPE_MASK) == Protocol.TYPE_REPLY;

    internal bool IsError => (Flags & Protocol.FLAG_ERROR) != 0;

    internal bool WantsNoReply => (Flags & Protocol.FLAG_NO_REPLY) != 0;
}

/// <summary>
/// Constants and payloads of the vfio-user protocol, version 0.x (QEMU, docs/interop/vfio-user.rst), by their names there.
/// Where a payload is that of linux/vfio.h it stands in <see cref="Interop.Vfio"/>: region_info, irq_info, irq_set.
/// </summary>
internal static class Protocol
{
    internal const uint TYPE_MASK = 0xF, TYPE_COMMAND = 0, TYPE_REPLY = 1, FLAG_NO_REPLY = 1 << 4, FLAG_ERROR = 1 << 5;
    internal const ushort MajorVersion = 0, MinorVersion = 1;
    internal const uint DMA_READABLE = 1 << 0, DMA_WRITEABLE = 1 << 1;

    /// <summary>Regions and interrupts that every PCI device has, though most may be of size and count 0 (linux/vfio.h).</summary>
    internal const int NUM_REGIONS = 9, NUM_IRQS = 5;

    /// <summary>The page size that every peer takes for DMA mappings.</summary>
    internal const int PageLength = 4096;

    /// <summary>Payload of DEVICE_GET_INFO and of its reply: four fields, where linux/vfio.h has five by now.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct device_info
    {
        internal uint argsz, flags, num_regions, num_irqs;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct dma_map
    {
        internal uint argsz, flags;
        internal ulong offset, address, size;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct dma_unmap
    {
        internal uint argsz, flags;
        internal ulong address, size;
    }

    /// <summary>Payload of REGION_READ and REGION_WRITE, and of their replies; followed by the data.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct region_access
    {
        internal ulong offset;
        internal uint region, count;
    }

    /// <summary>Payload of DMA_READ and DMA_WRITE, and of their replies; followed by the data.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct dma_access
    {
        internal ulong address, count;
    }

    /// <summary>Payload of DEVICE_GET_REGION_IO_FDS.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct region_io_fds
    {
        internal uint argsz, flags, index, count;
    }
}
