namespace Ixy.Vfio.Dma;

/// <summary>What can go wrong with DMA memory, and how to fix it.</summary>
internal static class DmaErrors
{
    internal static DmaMemoryException NoRoom(nuint length) => new(
        $"the DMA arena ({DmaArena.Capacity >> 30} GiB of addresses) has no room for {length >> 20} MiB more: dispose "
        + "unused pools");

    internal static HugePagesRequiredException NotHuge(DmaChunk chunk, PciDevice device) => new(
        $"{device.Name} has no IOMMU, so its DMA memory must be 2 MiB huge pages, and {chunk.Length >> 20} MiB of it " +
        "is not: reserve some with 'echo 256 | sudo tee /proc/sys/vm/nr_hugepages' and start again");

    internal static PciDeviceException NoFrame(nuint address, bool isPresent) => isPresent
        ? new PrivilegeException(
            "/proc/self/pagemap shows no physical addresses without CAP_SYS_ADMIN: run as root, or use vfio-pci")
        : new PciDeviceException($"0x{address:x} is not in memory");
}
