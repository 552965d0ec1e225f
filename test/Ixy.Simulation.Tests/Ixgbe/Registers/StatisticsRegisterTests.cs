using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;
using static Ixy.Simulation.Tests.Ixgbe.PciSteps;

namespace Ixy.Simulation.Tests.Ixgbe.Registers;

/// <summary>How the card's counters are read (82599 datasheet 8.2.3.23).</summary>
public sealed class StatisticsRegisterTests
{
    private delegate ref ulong Counter(CardStatistics counters, int index);

    // Every 32-bit counter of the data paths, with the offset at which the datasheet lists it.
    private static readonly (uint Offset, int Count, uint Stride, Counter Counter)[] s_counters =
    [
        (0x4000, 1, 4, (s, _) => ref s.CRCERRS), (0x4004, 1, 4, (s, _) => ref s.ILLERRC),
        (0x4008, 1, 4, (s, _) => ref s.ERRBC),
        (0x4034, 1, 4, (s, _) => ref s.MLFC), (0x4038, 1, 4, (s, _) => ref s.MRFC),
        (0x4040, 1, 4, (s, _) => ref s.RLEC),
        (0x3FA0, 8, 4, (s, i) => ref s.MPC[i]), (0x405C, 6, 4, (s, i) => ref s.PRC[i]),
        (0x4074, 1, 4, (s, _) => ref s.GPRC),
        (0x4078, 1, 4, (s, _) => ref s.BPRC), (0x407C, 1, 4, (s, _) => ref s.MPRC),
        (0x4080, 1, 4, (s, _) => ref s.GPTC),
        (0x40A4, 1, 4, (s, _) => ref s.RUC), (0x40A8, 1, 4, (s, _) => ref s.RFC), (0x40AC, 1, 4, (s, _) => ref s.ROC),
        (0x40B0, 1, 4, (s, _) => ref s.RJC), (0x40D0, 1, 4, (s, _) => ref s.TPR), (0x40D4, 1, 4, (s, _) => ref s.TPT),
        (0x40D8, 6, 4, (s, i) => ref s.PTC[i]), (0x40F0, 1, 4, (s, _) => ref s.MPTC),
        (0x40F4, 1, 4, (s, _) => ref s.BPTC),
        (0x4120, 1, 4, (s, _) => ref s.XEC), (0x41B0, 1, 4, (s, _) => ref s.RXNFGPC),
        (0x2F50, 1, 4, (s, _) => ref s.RXDGPC),
        (0x87A0, 1, 4, (s, _) => ref s.TXDGPC), (0x8780, 1, 4, (s, _) => ref s.SSVPC),
        (0x1030, 16, 0x40, (s, i) => ref s.QPRC[i]),
        (0x1430, 16, 0x40, (s, i) => ref s.QPRDC[i]), (0x8680, 16, 4, (s, i) => ref s.QPTC[i]),
        (0x6030, 16, 0x40, (s, i) => ref s.QPTC[i]),
    ];

    // Every 36-bit counter: the offset of its low register; the high one follows.
    private static readonly (uint Offset, int Count, uint Stride, Counter Counter)[] s_wideCounters =
    [
        (0x4088, 1, 8, (s, _) => ref s.GORC), (0x4090, 1, 8, (s, _) => ref s.GOTC), (0x40C0, 1, 8, (s, _) => ref s.TOR),
        (0x41B4, 1, 8, (s, _) => ref s.RXNFGBC), (0x2F54, 1, 8, (s, _) => ref s.RXDGBC),
        (0x87A4, 1, 8, (s, _) => ref s.TXDGBC),
        (0x1034, 16, 0x40, (s, i) => ref s.QBRC[i]), (0x8700, 16, 8, (s, i) => ref s.QBTC[i]),
    ];

    [Fact]
    public void EachCounterIsShownAtItsOffsetAndClearedByReading()
    {
        using var bench = new CardBench();
        uint next = 1000;
        foreach (var (offset, count, stride, counter) in s_counters)
        {
            for (int i = 0; i < count; i++)
            {
                counter(bench.Card.Statistics, i) = ++next;
                Assert.Equal(next, bench.Read(offset + (uint)i * stride));
                Assert.Equal(0u, bench.Read(offset + (uint)i * stride));
                Assert.Equal(0ul, counter(bench.Card.Statistics, i));
            }
        }
    }

    [Fact] // "stick at 0xFF…F"
    public void ACounterSticksAtItsLargestValue()
    {
        using var bench = new CardBench();
        foreach (var (offset, _, _, counter) in s_counters)
        {
            counter(bench.Card.Statistics, 0) = 0x1_0000_0005;
            Assert.Equal(uint.MaxValue, bench.Read(offset));
            Assert.Equal(0u, bench.Read(offset));
        }
        foreach (var (offset, _, _, counter) in s_wideCounters)
        {
            counter(bench.Card.Statistics, 0) = 0x10_0000_0005;
            Assert.Equal((uint.MaxValue, 0xFu), (bench.Read(offset), bench.Read(offset + 4)));
        }
    }

    [Fact] // 8.2.3.23.26 and others: two registers of 32 and 4 bits, the low one first
    public void AByteCounterIsReadInTwoHalves()
    {
        using var bench = new CardBench();
        ulong next = 0x9_8765_4321;
        foreach (var (offset, count, stride, counter) in s_wideCounters)
        {
            for (int i = 0; i < count; i++)
            {
                counter(bench.Card.Statistics, i) = ++next;
                uint low = bench.Read(offset + (uint)i * stride), high = bench.Read(offset + (uint)i * stride + 4);
                Assert.Equal(next, low | (ulong)high << 32);
                Assert.Equal(0ul, counter(bench.Card.Statistics, i));
            }
        }
        Assert.Empty(bench.Card.Violations.All);
    }

    [Fact]
    public void BytesCountedBetweenTheTwoReadsAreNotLost()
    {
        using var bench = new CardBench();
        bench.Card.Statistics.GORC = 0x2_0000_0001;
        Assert.Equal(1u, bench.Read(GORCL));
        bench.Card.Statistics.GORC += 64;
        Assert.Equal(2u, bench.Read(GORCH));
        Assert.Equal((64u, 0u), (bench.Read(GORCL), bench.Read(GORCH)));
    }

    [Fact]
    public void ReadingTheHighHalfFirstIsAViolation()
    {
        using var bench = new CardBench();
        bench.Card.Statistics.QBRC[3] = 0x2_0000_0001;
        Assert.Equal(2u, bench.Read(QBRC_H, 3));
        AssertViolation(bench, "counter-high-first");
        Assert.Equal((1u, 0u), (bench.Read(QBRC_L, 3), bench.Read(QBRC_H, 3)));
    }

    [Fact] // 4.2.3: what a reset does to counters
    public void APciResetClearsTheCounters()
    {
        using var bench = new CardBench();
        foreach (var (_, _, _, counter) in s_counters.Concat(s_wideCounters)) counter(bench.Card.Statistics, 0) = 1;
        bench.SetConfig(0xA8, 0x8000, 2);
        Assert.All(s_counters.Concat(s_wideCounters), row => Assert.Equal(0ul, row.Counter(bench.Card.Statistics, 0)));
    }

    [Fact]
    public void CountersCannotBeWritten()
    {
        using var bench = new CardBench();
        bench.Card.Statistics.GPRC = 5;
        bench.Write(GPRC, 0);
        Assert.Equal(5u, bench.Read(GPRC));
    }
}
