using System.Runtime.InteropServices;

namespace Ixy.Vfio.VfioUser;

/// <summary>
/// A message's command (vfio-user, "Commands"). DMA_READ and DMA_WRITE go from server to client, all others to the
/// server.
/// </summary>
public enum Command : ushort
{
    /// <summary>Capabilities of both sides; the first message.</summary>
    VERSION = 1,

    /// <summary>Gives the server memory.</summary>
    DMA_MAP = 2,

    /// <summary>Takes memory away.</summary>
    DMA_UNMAP = 3,

    /// <summary>What the device has.</summary>
    DEVICE_GET_INFO = 4,

    /// <summary>Length and access of a region.</summary>
    DEVICE_GET_REGION_INFO = 5,

    /// <summary>Descriptors for accesses to a region.</summary>
    DEVICE_GET_REGION_IO_FDS = 6,

    /// <summary>Interrupts of one kind.</summary>
    DEVICE_GET_IRQ_INFO = 7,

    /// <summary>Connects, masks or fires interrupts.</summary>
    DEVICE_SET_IRQS = 8,

    /// <summary>Reads from a region.</summary>
    REGION_READ = 9,

    /// <summary>Writes to a region.</summary>
    REGION_WRITE = 10,

    /// <summary>The server reads memory it could not map.</summary>
    DMA_READ = 11,

    /// <summary>The server writes to such memory.</summary>
    DMA_WRITE = 12,

    /// <summary>Resets the device.</summary>
    DEVICE_RESET = 13,

    /// <summary>Several small writes at once.</summary>
    REGION_WRITE_MULTI = 15,

    /// <summary>Optional features.</summary>
    DEVICE_FEATURE = 16,

    /// <summary>Migration: reads the state.</summary>
    MIG_DATA_READ = 17,

    /// <summary>Migration: writes the state.</summary>
    MIG_DATA_WRITE = 18,
}

/// <summary>Starts every message; little-endian, like everything after it. All sizes are in bytes.</summary>
/// <param name="Id">Chosen by the sender; a reply has the id of its command.</param>
/// <param name="Command">The command requested or answered.</param>
/// <param name="Size">Size of the whole message, including this header.</param>
/// <param name="Flags">Kind, and the two bits of <see cref="Protocol"/>.</param>
/// <param name="Error">An errno value, if <see cref="Protocol.FLAG_ERROR"/> is set.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct Header(ushort Id, Command Command, uint Size, uint Flags, uint Error)
{
    /// <summary>Bytes of a header.</summary>
    public const int Length = 16;

    /// <summary>It answers a command.</summary>
    public bool IsReply => (Flags & Protocol.TYPE_MASK) == Protocol.TYPE_REPLY;

    /// <summary>The command has failed: <see cref="Error"/> says why.</summary>
    public bool IsError => (Flags & Protocol.FLAG_ERROR) != 0;

    /// <summary>The sender does not wait for an answer.</summary>
    public bool WantsNoReply => (Flags & Protocol.FLAG_NO_REPLY) != 0;
}

/// <summary>
/// Constants and payloads of the vfio-user protocol, version 0.x (QEMU, docs/interop/vfio-user.rst), with its names.
/// Payloads taken from linux/vfio.h are in <see cref="Interop.Vfio"/>: region_info, irq_info, irq_set.
/// </summary>
public static class Protocol
{
    /// <summary>Values and bits of <see cref="Header.Flags"/>.</summary>
    public const uint TYPE_MASK = 0xF, TYPE_COMMAND = 0, TYPE_REPLY = 1, FLAG_NO_REPLY = 1 << 4, FLAG_ERROR = 1 << 5;

    /// <summary>The version this library speaks.</summary>
    public const ushort MajorVersion = 0, MinorVersion = 1;

    /// <summary>Flags of <see cref="dma_map"/>.</summary>
    public const uint DMA_READABLE = 1 << 0, DMA_WRITEABLE = 1 << 1;

    /// <summary>
    /// Regions and interrupts that every PCI device has, although most may have size or count 0 (linux/vfio.h).
    /// </summary>
    public const int NUM_REGIONS = 9, NUM_IRQS = 5;

    /// <summary>The page size that every peer accepts for DMA mappings.</summary>
    public const int PageLength = 4096;

    /// <summary>Payload of DEVICE_GET_INFO and of its reply: four fields; linux/vfio.h has five by now.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct device_info
    {
        /// <summary>As in the protocol.</summary>
        public uint argsz, flags, num_regions, num_irqs;
    }

    /// <summary>Payload of DMA_MAP.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct dma_map
    {
        /// <summary>As in the protocol.</summary>
        public uint argsz, flags;
        /// <summary>As in the protocol.</summary>
        public ulong offset, address, size;
    }

    /// <summary>Payload of DMA_UNMAP.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct dma_unmap
    {
        /// <summary>As in the protocol.</summary>
        public uint argsz, flags;
        /// <summary>As in the protocol.</summary>
        public ulong address, size;
    }

    /// <summary>Payload of REGION_READ and REGION_WRITE, and of their replies; followed by the data.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct region_access
    {
        /// <summary>As in the protocol.</summary>
        public ulong offset;
        /// <summary>As in the protocol.</summary>
        public uint region, count;
    }

    /// <summary>Payload of DMA_READ and DMA_WRITE, and of their replies; followed by the data.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct dma_access
    {
        /// <summary>As in the protocol.</summary>
        public ulong address, count;
    }

    /// <summary>Payload of DEVICE_GET_REGION_IO_FDS.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct region_io_fds
    {
        /// <summary>As in the protocol.</summary>
        public uint argsz, flags, index, count;
    }
}
