namespace Ixy.Simulation.Tests.Ixgbe.Registers;

/// <summary>
/// What registers keep of what is written: all defined bits, and no reserved ones. Offsets are from the datasheet, not
/// from the register table. Drivers test a card this way before they trust it (Linux: ethtool -t eth0 offline).
/// </summary>
public sealed class RegisterPatternTests
{
    /// <summary>
    /// Offset of the first register, count, stride, and the bits that hold what is written (datasheet 8.2.3).
    /// </summary>
    public static TheoryData<string, uint, int, uint, uint> Registers => new()
    {
        { "FCRTL", 0x3220, 8, 4, 0x8007_FFE0 },
        { "FCRTH", 0x3260, 8, 4, 0x0007_FFE0 },
        { "FCTTV", 0x3200, 4, 4, 0xFFFF_FFFF },
        { "RDBAL", 0x1000, 64, 0x40, 0xFFFF_FF80 },
        { "RDBAH", 0x1004, 64, 0x40, 0xFFFF_FFFF },
        { "RDLEN", 0x1008, 64, 0x40, 0x000F_FF80 },
        { "TDBAL", 0x6000, 64, 0x40, 0xFFFF_FF80 },
        { "TDBAH", 0x6004, 64, 0x40, 0xFFFF_FFFF },
        { "TDLEN", 0x6008, 64, 0x40, 0x000F_FF80 },
        { "RAL", 0xA200, 128, 8, 0xFFFF_FFFF },
        { "RAH", 0xA204, 128, 8, 0x8000_FFFF },
        { "RAL through its old place", 0x5400, 16, 8, 0xFFFF_FFFF },
        { "RAH through its old place", 0x5404, 16, 8, 0x8000_FFFF },
        { "MTA", 0x5200, 128, 4, 0xFFFF_FFFF },
        { "VFTA", 0xA000, 128, 4, 0xFFFF_FFFF },
        { "RSSRK", 0xEB80, 10, 4, 0xFFFF_FFFF },
    };

    [Theory]
    [MemberData(nameof(Registers))]
    public void DefinedBitsHoldWhatIsWritten(string name, uint offset, int count, uint stride, uint bits)
    {
        using var bench = new CardBench();
        uint[] patterns = [0x5A5A_5A5A, 0xA5A5_A5A5, 0x0000_0000, 0xFFFF_FFFF];
        for (uint i = 0; i < count; i++)
        {
            foreach (uint pattern in patterns)
            {
                bench.Write(offset + i * stride, pattern & bits);
                Assert.True(
                    (pattern & bits) == bench.Read(offset + i * stride), $"{name} {i} at 0x{offset + i * stride:x}");
            }
        }
    }

    [Theory]
    [InlineData(0x5404u)]
    [InlineData(0xA204u)]
    [InlineData(0xA5FCu)]
    public void Section_8_2_3_7_9_ReservedBitsOfRahHoldNothing(uint offset)
    {
        using var bench = new CardBench();
        bench.Write(offset, 0xFFFF_FFFF);
        Assert.Equal(0x8000_FFFFu, bench.Read(offset));
        bench.Write(offset, 0x7FFF_0000);
        Assert.Equal(0u, bench.Read(offset));
    }
}
