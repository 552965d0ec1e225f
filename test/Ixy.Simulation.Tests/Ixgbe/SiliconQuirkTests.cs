using System.Buffers.Binary;
using Ixy.Simulation.Ixgbe;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>Where real cards are believed to deviate from the datasheet: docs/silicon.md.</summary>
public sealed class SiliconQuirkTests
{
    private const int Entries = 64;
    private const uint OneBuffer = 1u << 25;

    // 8.2.3.8.1: by the datasheet, the ring starts 64 bytes earlier, four descriptors before the first one written.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AReceiveRingAt64Bytes(bool quirks)
    {
        using var receive = new ReceiveBench(Options(quirks));
        var bench = receive.Bench;
        ulong ring = bench.Allocate(Entries * 16 + 64) + 64, buffers = bench.Allocate(Entries * 2048);
        for (int index = 0; index < Entries; index++)
            BinaryPrimitives.WriteUInt64LittleEndian(
                bench.At(ring + (ulong)index * 16, 8), buffers + (ulong)index * 2048);
        bench.Write(RDBAL, (uint)ring);
        bench.Write(RDBAH, (uint)(ring >> 32));
        bench.Write(RDLEN, Entries * 16);
        bench.Write(SRRCTL, OneBuffer | 2);
        bench.Write(DCA_RXCTRL, 0xA200);
        bench.Write(RXDCTL, RXDCTL_.Enable);
        bench.Write(RDT, Entries - 1);
        receive.EnableReceive();
        string[] rules = receive.Rules;
        byte[] frame = ReceiveBench.Frame(100);
        receive.Deliver(frame);

        Assert.Equal((uint)ring & (quirks ? ~0x3Fu : ~0x7Fu), bench.Read(RDBAL));
        Assert.Equal(quirks ? [] : ["ring-alignment"], rules);
        bool isDone = (BinaryPrimitives.ReadUInt32LittleEndian(bench.At(ring + 8, 4)) & 1) != 0;
        Assert.Equal(quirks, isDone);
        Assert.Equal(quirks, bench.At(buffers, frame.Length).SequenceEqual(frame));
        if (quirks) Assert.Empty(receive.Violations);
    }

    [Theory] // 8.2.3.9.5
    [InlineData(false)]
    [InlineData(true)]
    public void ATransmitRingAt64Bytes(bool quirks)
    {
        using var bench = new TransmitBench(new CardBench(Options(quirks)));
        ulong start = bench.Allocate(Entries * 16 + 64) + 64;
        bench.Write(TDBAL, (uint)start);
        bench.Write(TDBAH, (uint)(start >> 32));
        bench.Write(TDLEN, Entries * 16);
        bench.Write(TXDCTL, TXDCTL_.Enable);
        string[] rules = bench.Broken;
        var ring = new TransmitRing(bench, 0, Entries, start);
        byte[] frame = TransmitFrames.Make(100);
        int index = ring.PutFrame(frame);
        ring.Send();

        Assert.Equal((uint)start & (quirks ? ~0x3Fu : ~0x7Fu), bench.Read(TDBAL));
        Assert.Equal(quirks ? [] : ["ring-unaligned"], rules);
        Assert.Equal(quirks, ring.IsDone(index));
        Assert.Equal(quirks ? [frame] : [], bench.Sent);
        if (quirks) Assert.Empty(bench.Broken);
    }

    [Fact]
    public void LessThan64BytesAreAViolationAllTheSame()
    {
        using var bench = new CardBench(Options(true));
        bench.Write(RDBAL, 0x1020);
        bench.Write(TDBAL, 0x1020);
        Assert.Equal(["ring-alignment", "ring-unaligned"], bench.Card.Violations.All.Select(found => found.Rule));
        Assert.Equal((0x1000u, 0x1000u), (bench.Read(RDBAL), bench.Read(TDBAL)));
    }

    [Theory]
    [InlineData("sim:ixgbe", 0x1000u)]
    [InlineData("sim:ixgbe,quirks=silicon", 0x1040u)]
    public void TheSpecifierTurnsThemOn(string specifier, uint expected)
    {
        using var device = SimulatedCards.Open(specifier);
        device.EnableBusMaster(); // and memory space
        var bar = device.OpenBar(0);
        bar.Write32(RDBAL.Offset, 0x1040);
        Assert.Equal(expected, bar.Read32(RDBAL.Offset));
    }

    private static IxgbeCardOptions Options(bool quirks) => new() { LinkUpDelay = 20_000, HasSiliconQuirks = quirks };
}
