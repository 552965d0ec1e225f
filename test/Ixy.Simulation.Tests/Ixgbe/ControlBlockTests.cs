using System.Buffers.Binary;
using Ixy.Simulation.Ixgbe;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>Security halt, system time, the X550's host interface.</summary>
public sealed class ControlBlockTests
{
    // Fused off (bit 1 of the status), as in parts without the security block.
    private const uint FusedOff = 1u << 1, Ready = 1;

    [Fact]
    public void Section_8_2_3_12_6_TheReceivePathIsReadyOnceItIsHaltedAndEmpty()
    {
        using var bench = new CardBench();
        Assert.Equal(FusedOff, bench.Read(SECRXSTAT));
        bench.Write(SECRXCTRL, SECCTRL_.Off | SECCTRL_.Halt);
        Assert.Equal(FusedOff, bench.Read(SECRXSTAT));
        bench.Run(2_000);
        Assert.Equal(FusedOff | Ready, bench.Read(SECRXSTAT));
        Assert.True(bench.Card.Security.ReceiveHalted);
        bench.Write(SECRXCTRL, SECCTRL_.Off);
        Assert.Equal(FusedOff, bench.Read(SECRXSTAT));
        Assert.False(bench.Card.Security.ReceiveHalted);
    }

    [Fact]
    public void Section_8_2_3_12_2_SoIsTheTransmitPath()
    {
        using var bench = new CardBench();
        bench.Write(SECTXCTRL, SECCTRL_.Off | SECCTRL_.Halt);
        bench.Run(2_000);
        Assert.Equal(FusedOff | Ready, bench.Read(SECTXSTAT));
        Assert.True(bench.Card.Security.TransmitHalted);
    }

    [Fact]
    public void Section_7_9_4_SwitchingABlockWhileFramesPassIsAViolation()
    {
        using var bench = new CardBench();
        // Before anything runs, DPDK checks whether the block can be switched at all. It cannot.
        bench.Write(SECTXCTRL, 0);
        bench.Write(SECRXCTRL, 0);
        Assert.Equal((SECCTRL_.Off, SECCTRL_.Off), (bench.Read(SECTXCTRL), bench.Read(SECRXCTRL)));
        Assert.Empty(bench.Card.Violations.All);
        bench.Write(DMATXCTL, DMATXCTL_.Enable);
        bench.Write(RXCTRL, RXCTRL_.Enable);
        bench.Write(SECTXCTRL, 0);
        bench.Write(SECRXCTRL, 0);
        Assert.Equal([("security-change-while-running", "SECTXCTRL"), ("security-change-while-running", "SECRXCTRL")],
            bench.Card.Violations.All.Select(violation => (violation.Rule, violation.Register))
            .Where(found => found.Rule.StartsWith("security", StringComparison.Ordinal)));
    }

    [Fact]
    public void Section_7_9_4_SwitchingAHaltedBlockIsFine()
    {
        using var bench = new CardBench();
        bench.Write(SECRXCTRL, SECCTRL_.Off | SECCTRL_.Halt);
        bench.Run(2_000);
        bench.Write(SECRXCTRL, SECCTRL_.Halt);
        bench.Write(SECRXCTRL, 0);
        Assert.Empty(bench.Card.Violations.All);
    }

    [Fact]
    public void Section_8_2_3_26_SystemTimeGrowsByTheIncrementOfEachPeriod()
    {
        using var bench = new CardBench();
        bench.Run();
        bench.Write(TIMINCA, 2u << 24 | 16_000_000); // every 2 x 6.4 ns
        bench.Run(1_280_000);
        ulong time = bench.Read(SYSTIML) | (ulong)bench.Read(SYSTIMH) << 32;
        Assert.Equal(100_000ul * 16_000_000, time);
        bench.Write(SYSTIML, 5);
        bench.Write(SYSTIMH, 7);
        Assert.Equal((5u, 7u), (bench.Read(SYSTIML), bench.Read(SYSTIMH)));
        bench.Write(TIMADJ, 3, 0);
        bench.Write(TIMADJ, 1u << 31, 1); // back by 3
        Assert.Equal((2u, 7u), (bench.Read(SYSTIML), bench.Read(SYSTIMH)));
    }

    [Fact]
    public void TheX550ReadsAndWritesItsShadowRamThroughTheHostInterface()
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = 0x1563 });
        Assert.Equal(1u, bench.Read(HICR) & 1);
        Run(bench, 0x33, 0x200, 2, 0xBEEF);
        Run(bench, 0x31, 0x1FF, 6);
        Assert.Equal(0xBEEF_FFFFu, bench.Read(FLEX_MNG, 3));
        Assert.Equal(0xFFFFu, bench.Read(FLEX_MNG, 4));
        Assert.Equal(1u, bench.Read(FLEX_MNG) >> 16 & 0xFF); // success
    }

    [Fact]
    public void TheX550RefusesWhatItDoesNotKnow()
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = 0x1563 });
        Run(bench, 0x77, 0, 0);
        Assert.Equal(2u, bench.Read(FLEX_MNG) >> 16 & 0xFF);
    }

    [Fact]
    public void Section_10_5_The82599RunsNoManagementFirmware()
    {
        using var bench = new CardBench();
        Assert.Equal(0u, bench.Read(HICR));
    }

    private static void Run(CardBench bench, uint command, int word, int bytes, uint data = 0)
    {
        bench.Write(FLEX_MNG, command | 6 << 16 | 0xFF00_0000);
        bench.Write(FLEX_MNG, BinaryPrimitives.ReverseEndianness((uint)word * 2), 1);
        bench.Write(FLEX_MNG, BinaryPrimitives.ReverseEndianness((ushort)bytes), 2);
        bench.Write(FLEX_MNG, data, 3);
        bench.Write(HICR, bench.Read(HICR) | 2);
        Assert.NotEqual(0u, bench.Read(HICR) & 2);
        bench.Run(50_000);
        Assert.Equal(4u, bench.Read(HICR) & 6);
    }
}
