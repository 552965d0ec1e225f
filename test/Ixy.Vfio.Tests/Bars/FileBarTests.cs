using System.Buffers.Binary;
using Ixy.Vfio.Bars;

namespace Ixy.Vfio.Tests.Bars;

/// <summary>
/// A BAR that is only partly mappable: pointers there, a call per access elsewhere, and one register file.
/// </summary>
public sealed unsafe class FileBarTests : IDisposable
{
    private const int Start = 0x2000;
    private const uint Length = 0x4000;
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void MappedAndTrappedPartsAreOneBar()
    {
        File.WriteAllBytes(_path, new byte[Start + Length]);
        using (var file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite))
        using (var bar = new FileBar(
            "test", (int)file.DangerousGetHandle(), Start, Length, [(0x1000, 0x1000), (0x3000, 0x1000)]))
        {
            foreach (uint offset in (uint[])[0, 0xFFC, 0x1000, 0x1FFC, 0x2000, 0x3000, 0x3FFC])
                bar.Write32(offset, 0xA000_0000 | offset);
            bar.Write8(0xFFF, 0xBB);
            bar.Write16(0x1FFE, 0xCCDD);
            Assert.Equal(
                (0xBB00_0FFCu, 0xCCDD_1FFCu, 0xA000_2000u),
                (bar.Read32(0xFFC), bar.Read32(0x1FFC), bar.Read32(0x2000)));
            Assert.False(bar.TryGetPointer(0xFFC, sizeof(uint), out _));
            Assert.True(bar.TryGetPointer(0x1000, sizeof(uint), out void* first));
            Assert.True(bar.TryGetPointer(0x3FFC, sizeof(uint), out void* last));
            Assert.Equal((0xA000_1000u, 0xA000_3FFCu), (*(uint*)first, *(uint*)last));
            Assert.False(bar.TryGetPointer(0x2000, sizeof(uint), out _));
        }
        var stored = File.ReadAllBytes(_path).AsSpan(Start);
        Assert.Equal(0xBB00_0FFCu, BinaryPrimitives.ReadUInt32LittleEndian(stored[0xFFC..]));
        Assert.Equal(0xA000_3000u, BinaryPrimitives.ReadUInt32LittleEndian(stored[0x3000..]));
    }

    [Fact]
    public void WhatCannotBeReadIsAnError()
    {
        File.WriteAllBytes(_path, new byte[Start + 8]);
        using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.Read);
        using var bar = new FileBar("test: BAR 4", (int)file.DangerousGetHandle(), Start, 32, []);
        Assert.Equal(0u, bar.Read32(4));
        Assert.Contains("test: BAR 4", Assert.Throws<PciDeviceException>(() => bar.Read32(8)).Message);
        Assert.Throws<PciDeviceException>(() => bar.Write8(0, 1));
    }

    public void Dispose() => File.Delete(_path);
}
