using System.Runtime.InteropServices;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Vfio.Kernel;

/// <summary>The device addresses (IOVA) that an IOMMU can translate: several ranges, both ends included.</summary>
internal sealed class IovaRanges
{
    private readonly (ulong First, ulong Last)[] _ranges;

    private IovaRanges((ulong, ulong)[] ranges) => _ranges = ranges;

    /// <summary>Reads an IOMMU info structure; null if the kernel (before 5.4) does not report ranges.</summary>
    /// <exception cref="PciDeviceException">It contradicts itself.</exception>
    internal static IovaRanges? Parse(ReadOnlySpan<byte> bytes)
    {
        if (!MemoryMarshal.TryRead(bytes, out iommu_type1_info info) || (info.flags & IOMMU_INFO_CAPS) == 0)
            return null;
        var capability = VfioCapabilities.Find(bytes, info.cap_offset, IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
        return capability.IsEmpty ? null : new(VfioCapabilities.ReadPairs(capability));
    }

    /// <summary>Whether a piece of memory can be mapped entirely at its own address.</summary>
    internal bool Covers(ulong start, ulong length) =>
        _ranges.Any(range => range.First <= start && start + length - 1 <= range.Last);

    public override string ToString() =>
        string.Join(", ", _ranges.Select(range => $"0x{range.First:x} to 0x{range.Last:x}"));
}
