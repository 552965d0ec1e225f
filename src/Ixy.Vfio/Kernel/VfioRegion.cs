using System.Runtime.InteropServices;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Vfio.Kernel;

/// <summary>VFIO's description of one region of a device: a BAR, configuration space, …</summary>
/// <param name="Length">Bytes; 0 if the function has no such region.</param>
/// <param name="Offset">Where it begins in the device's file.</param>
/// <param name="Areas">The areas that may be mapped (start and length in bytes), in order; the rest takes a call per
/// access.</param>
internal sealed record VfioRegion(uint Length, long Offset, IReadOnlyList<(uint Start, uint Length)> Areas)
{
    /// <summary>Reads a region info structure with its capabilities.</summary>
    /// <exception cref="PciDeviceException">It contradicts itself.</exception>
    internal static VfioRegion Parse(ReadOnlySpan<byte> bytes)
    {
        if (!MemoryMarshal.TryRead(bytes, out region_info info))
            throw new PciDeviceException($"VFIO: {bytes.Length} bytes are not a region info");
        if (info.size > uint.MaxValue || info.offset > long.MaxValue - uint.MaxValue)
            throw new PciDeviceException(
                $"VFIO: region {info.index} is {info.size >> 20} MiB long at 0x{info.offset:x}: expected less than 4 "
                + "GiB");
        uint length = (uint)info.size;
        bool mappable = length > 0 && (info.flags & REGION_INFO_FLAG_MMAP) != 0;
        return new(length, (long)info.offset, mappable ? ReadAreas(bytes, info, length) : []);
    }

    private static (uint, uint)[] ReadAreas(ReadOnlySpan<byte> bytes, region_info info, uint length)
    {
        uint first = (info.flags & REGION_INFO_FLAG_CAPS) != 0 ? info.cap_offset : 0;
        var sparse = VfioCapabilities.Find(bytes, first, REGION_INFO_CAP_SPARSE_MMAP);
        // Without the capability the whole region may be mapped.
        if (sparse.IsEmpty) return [(0, length)];
        var areas = VfioCapabilities.ReadPairs(sparse);
        ulong end = 0;
        Array.Sort(areas);
        foreach (var (start, size) in areas)
        {
            if (start % 4096 != 0 || start < end || size > length || start > length - size)
                throw new PciDeviceException(
                    $"VFIO: region {info.index} of 0x{length:x} bytes cannot have a mappable area at 0x{start:x} of "
                    + $"0x{size:x} bytes, " +
                    $"after one that ends at 0x{end:x}");
            end = start + size;
        }
        // Areas of length zero mean that nothing can be mapped.
        return [.. areas.Where(area => area.Second > 0).Select(area => ((uint)area.First, (uint)area.Second))];
    }
}
