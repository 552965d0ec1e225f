using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using Ixy.Vfio.Kernel;

namespace Ixy.Vfio.Tests.Kernel;

/// <summary>
/// VFIO's structures with capability chains: parsed as linux/vfio.h defines them, and never trusted blindly.
/// </summary>
public sealed class VfioStructureTests
{
    private const ushort SparseMmap = 1, MsixMappable = 3;
    private const uint Read = 1, Write = 2, Mmap = 4, Caps = 8;
    private const int RegionInfo = 32;

    [Fact]
    public void StructuresAreAsLongAsTheKernelSays()
    {
        Assert.Equal(8, Marshal.SizeOf<Ixy.Vfio.Interop.Vfio.group_status>());
        Assert.Equal(20, Marshal.SizeOf<Ixy.Vfio.Interop.Vfio.device_info>());
        Assert.Equal(32, Marshal.SizeOf<Ixy.Vfio.Interop.Vfio.region_info>());
        Assert.Equal(16, Marshal.SizeOf<Ixy.Vfio.Interop.Vfio.irq_info>());
        Assert.Equal(20, Marshal.SizeOf<Ixy.Vfio.Interop.Vfio.irq_set>());
        Assert.Equal(24, Marshal.SizeOf<Ixy.Vfio.Interop.Vfio.iommu_type1_info>());
        Assert.Equal(32, Marshal.SizeOf<Ixy.Vfio.Interop.Vfio.iommu_type1_dma_map>());
        Assert.Equal(24, Marshal.SizeOf<Ixy.Vfio.Interop.Vfio.iommu_type1_dma_unmap>());
        Assert.Equal(
            (0x3B64u, 0x3B72u),
            ((uint)Ixy.Vfio.Interop.Vfio.GET_API_VERSION, (uint)Ixy.Vfio.Interop.Vfio.IOMMU_UNMAP_DMA));
    }

    [Fact]
    public void ARegionWithoutCapabilitiesIsMappedAsAWhole()
    {
        var region = VfioRegion.Parse(Region(Read | Write | Mmap, 0x20000, 0x10_0000_0000));
        Assert.Equal((0x20000u, 0x10_0000_0000), (region.Length, region.Offset));
        Assert.Equal([(0u, 0x20000u)], region.Areas);
    }

    [Fact]
    public void ARegionThatCannotBeMappedHasNoAreas() =>
        Assert.Empty(VfioRegion.Parse(Region(Read | Write, 0x20, 0)).Areas);

    [Fact]
    public void AreasOfASparseRegionComeInOrder()
    {
        var info = Region(
            Read | Mmap | Caps, 0x8000, 0, Capability(MsixMappable), Pairs(SparseMmap, (0x6000, 0x2000), (0, 0x4000)));
        Assert.Equal([(0u, 0x4000u), (0x6000u, 0x2000u)], VfioRegion.Parse(info).Areas);
    }

    [Fact] // MSIX_MAPPABLE says that the MSI-X table need not be excluded any more.
    public void OtherCapabilitiesDoNotCutARegion()
    {
        var info = Region(Mmap | Caps, 0x4000, 0, Capability(MsixMappable), Capability(99));
        Assert.Equal([(0u, 0x4000u)], VfioRegion.Parse(info).Areas);
    }

    [Theory]
    [InlineData(0x4000, 0x2000)] // starts at the end
    [InlineData(0x3000, 0x2000)] // extends past the end
    [InlineData(0x800, 0x800)] // is not on a page boundary
    [InlineData(0x1000, ulong.MaxValue)]
    [InlineData(0xFFFF_FFFF_FFFF_F000, 0x2000)]
    public void AnAreaOutsideItsRegionIsRefused(ulong start, ulong length) =>
        Assert.Throws<PciDeviceException>(
            () => VfioRegion.Parse(Region(Mmap | Caps, 0x4000, 0, Pairs(SparseMmap, (start, length)))));

    [Fact]
    public void AreasThatOverlapAreRefused() => Assert.Throws<PciDeviceException>(() =>
        VfioRegion.Parse(Region(Mmap | Caps, 0x8000, 0, Pairs(SparseMmap, (0, 0x2000), (0x1000, 0x2000)))));

    [Fact]
    public void ARegionOfFourGiBIsRefused() =>
        Assert.Throws<PciDeviceException>(() => VfioRegion.Parse(Region(Mmap, 1L << 32, 0)));

    [Fact]
    public void AChainInACircleIsFoundOut()
    {
        var info = Region(Mmap | Caps, 0x4000, 0, Capability(98), Capability(99));
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(RegionInfo + 8 + 4), RegionInfo);
        Assert.Contains("has no end", Assert.Throws<PciDeviceException>(() => VfioRegion.Parse(info)).Message);
    }

    [Fact]
    public void IovaRangesAreReadAndAskedForWholePieces()
    {
        var ranges = IovaRanges.Parse(IommuInfo(Pairs(1, (0, 0xFEDF_FFFF), (0xFEF0_0000, 0x7F_FFFF_FFFF))))!;
        Assert.True(ranges.Covers(0x20_0000_0000, 64UL << 30));
        Assert.True(ranges.Covers(0x7F_FFE0_0000, 2 << 20));
        Assert.False(ranges.Covers(0x7F_FFE0_0000, (2 << 20) + 1));
        Assert.False(ranges.Covers(0xFED0_0000, 2 << 20)); // across the window for message-signalled interrupts
        Assert.Equal("0x0 to 0xfedfffff, 0xfef00000 to 0x7fffffffff", ranges.ToString());
    }

    [Fact]
    public void AnOldKernelTellsNoRanges()
    {
        Assert.Null(IovaRanges.Parse(IommuInfo()));
        Assert.Null(IovaRanges.Parse(IommuInfo(Capability(2))));
    }

    [Fact]
    public void WhateverTheBytesAreTheyAreReadOrRefused() => Prop.ForAll<byte[], uint, uint>((tail, first, next) =>
    {
        byte[] info = [.. Region(Mmap | Caps, 0x4000_0000, 0), .. tail];
        // Make some chains lead somewhere: with random offsets, nearly all would leave the structure at once.
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(12), first % (uint)(info.Length + 4));
        if (tail.Length >= 8)
            BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(RegionInfo + 4), next % (uint)(info.Length + 4));
        AssertReadOrRefused(() => Assert.All(VfioRegion.Parse(info).Areas, area =>
            Assert.True(area.Start % 4096 == 0 && area.Length > 0 && (ulong)area.Start + area.Length <= 0x4000_0000)));
        AssertReadOrRefused(() => IovaRanges.Parse(info));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void ATruncatedStructureIsRefusedAtEveryLength()
    {
        var info = Region(Mmap | Caps, 0x8000, 0, Pairs(SparseMmap, (0, 0x1000), (0x2000, 0x1000)));
        for (int length = 0; length < info.Length; length++)
        {
            byte[] shorter = info[..length];
            Assert.Throws<PciDeviceException>(() => VfioRegion.Parse(shorter));
        }
    }

    private static void AssertReadOrRefused(Action read)
    {
        var error = Record.Exception(read);
        Assert.True(error is null or PciDeviceException, $"{error}");
    }

    private static byte[] Region(uint flags, long size, long offset, params byte[][] capabilities)
    {
        var info = new byte[RegionInfo];
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(4), flags);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(12), RegionInfo);
        BinaryPrimitives.WriteInt64LittleEndian(info.AsSpan(16), size);
        BinaryPrimitives.WriteInt64LittleEndian(info.AsSpan(24), offset);
        return WithChain(info, capabilities);
    }

    private static byte[] IommuInfo(params byte[][] capabilities)
    {
        const int Length = 24;
        var info = new byte[Length];
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(4), capabilities.Length > 0 ? 3u : 1u);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(16), Length);
        return WithChain(info, capabilities);
    }

    // Each capability but the last points to the next; offsets count from the start of the structure.
    private static byte[] WithChain(byte[] info, byte[][] capabilities)
    {
        for (int i = 0; i < capabilities.Length; i++)
        {
            bool last = i == capabilities.Length - 1;
            BinaryPrimitives.WriteInt32LittleEndian(
                capabilities[i].AsSpan(4), last ? 0 : info.Length + capabilities[i].Length);
            info = [.. info, .. capabilities[i]];
        }
        BinaryPrimitives.WriteInt32LittleEndian(info, info.Length);
        return info;
    }

    private static byte[] Capability(ushort id)
    {
        var capability = new byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(capability, id);
        return capability;
    }

    private static byte[] Pairs(ushort id, params (ulong First, ulong Second)[] pairs)
    {
        byte[] capability = [.. Capability(id), .. new byte[8 + 16 * pairs.Length]];
        BinaryPrimitives.WriteInt32LittleEndian(capability.AsSpan(8), pairs.Length);
        for (int i = 0; i < pairs.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(capability.AsSpan(16 + 16 * i), pairs[i].First);
            BinaryPrimitives.WriteUInt64LittleEndian(capability.AsSpan(24 + 16 * i), pairs[i].Second);
        }
        return capability;
    }
}
