using Ixy.Ixgbe;
using Ixy.Simulation.Wires;

namespace Ixy.Simulation.Tests.Ixgbe.Receive;

/// <summary>
/// Which frames are accepted, and how the others are counted (datasheet 7.1.1, 8.2.3.7, 8.2.3.22, 8.2.3.23).
/// </summary>
public sealed unsafe class ReceiveFilterTests
{
    private const uint Inexact = 1u << 7;
    private static readonly byte[] s_broadcast = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    private static readonly byte[] s_multicast = [0x01, 0x00, 0x5E, 0x12, 0x34, 0x56];
    private static readonly byte[] s_stranger = [0x02, 0x02, 0x03, 0x04, 0x05, 0x07];

    private static bool Accepts(ReceiveBench bench, byte[] frame, FrameErrors errors = FrameErrors.None)
    {
        uint before = bench[0].Head;
        bench.Bench.TestWire.Deliver(frame, errors);
        bench.Bench.Run();
        return bench[0].Head != before;
    }

    [Fact] // 7.1.1.1.1: exact unicast filter, 128 addresses, RAH.AV
    public void ExactAddressesPassWhileValid()
    {
        using var bench = ReceiveBench.Receiving();
        Assert.False(Accepts(bench, ReceiveBench.Frame(destination: s_stranger)));
        bench.Bench.Write(IxgbeFeatureRegisters.RAL, 0x0403_0202, 127);
        bench.Bench.Write(IxgbeRegisters.RAH, 0x0705, 127);
        Assert.False(Accepts(bench, ReceiveBench.Frame(destination: s_stranger)));
        bench.Bench.Write(IxgbeRegisters.RAH, 0x0705 | IxgbeFeatureRegisters.RAH_.Valid, 127);
        Assert.True(Accepts(bench, ReceiveBench.Frame(destination: s_stranger)));
        Assert.Equal(0u, bench[0].Status(0) & Inexact);
        Assert.True(Accepts(bench, ReceiveBench.Frame()));
    }

    [Fact] // 8.2.3.7.1: BAM, UPE, MPE
    public void PromiscuousModesAndBroadcast()
    {
        using var bench = ReceiveBench.Receiving();
        Assert.False(Accepts(bench, ReceiveBench.Frame(destination: s_broadcast)));
        bench.Bench.Write(IxgbeRegisters.FCTRL, IxgbeRegisters.FCTRL_.BroadcastAccept);
        Assert.True(Accepts(bench, ReceiveBench.Frame(destination: s_broadcast)));
        Assert.False(Accepts(bench, ReceiveBench.Frame(destination: s_multicast)));
        bench.Bench.Write(IxgbeRegisters.FCTRL, IxgbeRegisters.FCTRL_.MulticastPromiscuous);
        Assert.True(Accepts(bench, ReceiveBench.Frame(destination: s_multicast)));
        Assert.False(Accepts(bench, ReceiveBench.Frame(destination: s_stranger)));
        bench.Bench.Write(IxgbeRegisters.FCTRL, IxgbeRegisters.FCTRL_.UnicastPromiscuous);
        Assert.True(Accepts(bench, ReceiveBench.Frame(destination: s_stranger)));
        Assert.False(Accepts(bench, ReceiveBench.Frame(destination: s_multicast)));
        Assert.Equal((1ul, 1ul), (bench.Statistics.BPRC, bench.Statistics.MPRC));
    }

    [Theory] // 7.1.1.1.2, 8.2.3.7.3: MO chooses the address bits 47:36, 46:35, 45:34 or 43:32
    [InlineData(0, 0x563)]
    [InlineData(1, 0xAC6)]
    [InlineData(2, 0x58D)]
    [InlineData(3, 0x634)]
    public void TheMulticastTableTakesTwelveBitsOfTheAddress(uint hashBits, int hash)
    {
        using var bench = ReceiveBench.Receiving();
        byte[] frame = ReceiveBench.Frame(destination: s_multicast);
        bench.Bench.Write(IxgbeRegisters.MTA, 1u << (hash & 31), hash >> 5);
        bench.Bench.Write(0x05090, hashBits); // MCSTCTRL, MFE clear
        Assert.False(Accepts(bench, frame));
        bench.Bench.Write(0x05090, hashBits | 4);
        Assert.True(Accepts(bench, frame));
        Assert.Equal(Inexact, bench[0].Status(0) & Inexact); // 7.1.6.2: PIF
        bench.Bench.Write(IxgbeRegisters.MTA, ~(1u << (hash & 31)), hash >> 5);
        Assert.False(Accepts(bench, frame));
    }

    [Fact] // 7.1.1.1.1: the unicast table
    public void TheUnicastTableAcceptsInexactly()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(0x0F400 + 4 * (0x070 >> 5), 1u << (0x070 & 31));
        Assert.True(Accepts(bench, ReceiveBench.Frame(destination: s_stranger)));
        Assert.Equal(Inexact, bench[0].Status(0) & Inexact);
    }

    [Fact] // 7.1.1.2, 8.2.3.7.2: VLAN filter, CFI
    public void TheVlanFilterLetsKnownTagsAndUntaggedFramesPass()
    {
        using var bench = ReceiveBench.Receiving();
        byte[] Tagged(ushort tag)
        {
            byte[] frame = ReceiveBench.Frame(64, type: 0x8100);
            (frame[14], frame[15], frame[16], frame[17]) = ((byte)(tag >> 8), (byte)tag, 0x88, 0xB5);
            return frame;
        }
        Assert.True(Accepts(bench, Tagged(100)));
        Assert.Equal(8u, bench[0].Status(0) & 8); // VP
        bench.Bench.Write(0x05088, 0x4000_8100); // VFE
        Assert.False(Accepts(bench, Tagged(100)));
        bench.Bench.Write(0x0A000 + 4 * 3, 1u << 4); // VFTA: 100
        Assert.True(Accepts(bench, Tagged(100)));
        Assert.True(Accepts(bench, Tagged(0xE000 | 100)));
        Assert.False(Accepts(bench, Tagged(101)));
        Assert.True(Accepts(bench, ReceiveBench.Frame()));
        bench.Bench.Write(0x05088, 0x6000_8100); // CFIEN, CFI 0
        Assert.False(Accepts(bench, Tagged(0x1000 | 100)));
        Assert.True(Accepts(bench, Tagged(100)));
    }

    [Fact] // 8.2.3.7.2: VET is the EtherType of tags
    public void TheVlanEtherTypeCanBeAnother()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(0x05088, 0x88A8);
        byte[] frame = ReceiveBench.Frame(64, type: 0x88A8);
        Assert.True(Accepts(bench, frame) && Accepts(bench, ReceiveBench.Frame(64, type: 0x8100)));
        Assert.Equal((8u, 0u), (bench[0].Status(0) & 8, bench[0].Status(1) & 8));
    }

    [Theory] // 8.2.3.22.13: 1518 with FCS, four more with a VLAN tag, MAXFRS with JUMBOEN; 8.2.3.23: RUC, RFC, ROC, RJC
    [InlineData(59, false, FrameErrors.None, "RUC")]
    [InlineData(59, false, FrameErrors.Crc, "RFC")]
    [InlineData(1514, false, FrameErrors.None, "")]
    [InlineData(1515, false, FrameErrors.None, "ROC")]
    [InlineData(1515, false, FrameErrors.Crc, "RJC")]
    [InlineData(1518, true, FrameErrors.None, "")]
    [InlineData(1519, true, FrameErrors.None, "ROC")]
    [InlineData(60, false, FrameErrors.Crc, "CRCERRS")]
    [InlineData(60, false, FrameErrors.Symbol, "ILLERRC")]
    public void BadLengthsAndErrorsAreCountedAndDropped(int length, bool tagged, FrameErrors errors, string counter)
    {
        using var bench = ReceiveBench.Receiving();
        byte[] frame = ReceiveBench.Frame(length, type: tagged ? (ushort)0x8100 : (ushort)0x88B5);
        Assert.Equal(counter.Length == 0, Accepts(bench, frame, errors));
        var statistics = bench.Statistics;
        var counters = new Dictionary<string, ulong>
        {
            ["RUC"] = statistics.RUC,
            ["RFC"] = statistics.RFC,
            ["ROC"] = statistics.ROC,
            ["RJC"] = statistics.RJC,
            ["CRCERRS"] = statistics.CRCERRS,
            ["ILLERRC"] = statistics.ILLERRC,
        };
        // A jabber also has a CRC error.
        if (counter == "RJC") counters.Remove("CRCERRS");
        foreach (var (name, count) in counters) Assert.Equal((name, name == counter ? 1ul : 0), (name, count));
        Assert.Equal((1ul, (ulong)length + 4), (statistics.TPR, statistics.TOR)); // 8.2.3.23: regardless of errors
        Assert.Equal(counter.Length == 0 ? 1ul : 0, statistics.GPRC);
    }

    [Theory] // 8.2.3.22.8: HLREG0.RXLNGTHERREN; 8.2.3.23.7: RLEC
    [InlineData(100, 86, 0)]
    [InlineData(100, 85, 1)]
    [InlineData(100, 87, 1)]
    [InlineData(60, 3, 0)] // padded
    [InlineData(60, 47, 1)]
    [InlineData(100, 1501, 0)] // neither a length nor an EtherType
    public void ALengthFieldHasToTellTheLength(int length, ushort field, ulong errors)
    {
        using var bench = ReceiveBench.Receiving();
        Assert.Equal(errors == 0, Accepts(bench, ReceiveBench.Frame(length, type: field)));
        Assert.Equal(errors, bench.Statistics.RLEC);
        bench.Bench.Write(IxgbeRegisters.HLREG0, bench.Bench.Read(IxgbeRegisters.HLREG0) & ~(1u << 27));
        Assert.True(Accepts(bench, ReceiveBench.Frame(length, type: field)));
        Assert.Equal(errors, bench.Statistics.RLEC);
    }

    [Fact] // 8.2.3.7.1: SBP; 7.1.6.2: RXE
    public void StoreBadPacketsLetsThemIn()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(IxgbeRegisters.FCTRL, 2);
        Assert.True(Accepts(bench, ReceiveBench.Frame(), FrameErrors.Crc));
        Assert.True(Accepts(bench, ReceiveBench.Frame(50)));
        Assert.False(Accepts(bench, ReceiveBench.Frame(1600)));
        Assert.Equal(1u << 29 | 3, bench[0].Status(0));
        Assert.Equal((1ul, 0ul), (bench.Statistics.CRCERRS, bench.Statistics.GPRC));
    }

    [Fact] // 8.2.3.8.10: RXEN; 8.2.3.23: some counters do not depend on it
    public void WithoutReceiveEnableFramesAreLost()
    {
        using var bench = new ReceiveBench();
        bench.Start(0);
        bench.Deliver(ReceiveBench.Frame());
        bench.EnableReceive();
        bench.Bench.Run();
        Assert.False(bench[0].IsDone(0));
        Assert.Equal((1ul, 0ul), (bench.Statistics.RXNFGPC, bench.Statistics.GPRC));
    }

    [Fact] // 8.2.3.22.34: MFLCN; pause frames go to the host unless they are acted upon and discarded
    public void MacControlFramesOtherThanPauseEndInTheMac()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(IxgbeRegisters.FCTRL, IxgbeRegisters.FCTRL_.MulticastPromiscuous);
        Assert.False(Accepts(bench, ReceiveBench.Frame(type: 0x8808)));
        Assert.True(Accepts(bench, ReceiveBench.Frame(type: 0x8808, destination: [1, 0x80, 0xC2, 0, 0, 1])));
        bench.Card.Registers.Memory[0x04294 / 4] = 1 << 3 | 1 << 1 | 1; // RFCE, DPF, PMCF
        Assert.True(Accepts(bench, ReceiveBench.Frame(type: 0x8808)));
        Assert.False(Accepts(bench, ReceiveBench.Frame(type: 0x8808, destination: [1, 0x80, 0xC2, 0, 0, 1])));
    }

    [Fact] // 8.2.3.23: good frames by length, before and after the filter; octets including the FCS
    public void GoodFramesAreCountedByLengthAndByQueue()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(0x02300, 0x0000_0005); // RQSMR[0]: queue 0 counts in 5
        int[] lengths = [60, 61, 123, 124, 251, 252, 507, 508, 1019, 1020, 1514];
        foreach (int length in lengths) Assert.True(Accepts(bench, ReceiveBench.Frame(length)));
        Assert.False(Accepts(bench, ReceiveBench.Frame(destination: s_stranger)));
        ulong octets = (ulong)lengths.Sum(length => length + 4);
        var statistics = bench.Statistics;
        Assert.Equal([2, 2, 2, 2, 2, 2], statistics.PRC);
        Assert.Equal((12ul, octets + 64), (statistics.TPR, statistics.TOR));
        Assert.Equal((12ul, octets + 64), (statistics.RXNFGPC, statistics.RXNFGBC));
        Assert.Equal((11ul, octets), (statistics.GPRC, statistics.GORC));
        Assert.Equal((11ul, octets - 11 * 4), (statistics.RXDGPC, statistics.RXDGBC)); // the FCS was stripped
        Assert.Equal((11ul, octets - 11 * 4), (statistics.QPRC[5], statistics.QBRC[5]));
        Assert.Equal(0ul, statistics.QPRC[0]);
    }

    [Fact] // HLREG0.LPBK (8.2.3.22.8): the card receives what it sends, and nothing from the wire
    public void LoopbackFramesTakeThePlaceOfTheWire()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(IxgbeRegisters.HLREG0, bench.Bench.Read(IxgbeRegisters.HLREG0) | 1u << 15);
        bench.Bench.TestWire.Deliver(ReceiveBench.Frame());
        bench.Card.Receive.Loopback(ReceiveBench.Frame(fill: 0x77));
        bench.Bench.Run();
        Assert.Equal(1u, bench[0].Head);
        Assert.Equal(0x77, bench[0].Data(0)[^1]);
        Assert.Equal(1ul, bench.Statistics.GPRC);
    }

    [Fact] // a port without a link receives nothing (3.7)
    public void WithoutLinkTheWireIsNotHeard()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.TestWire.Signal = false;
        bench.Bench.Run();
        bench.Deliver(ReceiveBench.Frame());
        Assert.Equal((0u, 0ul), (bench[0].Head, bench.Statistics.TPR));
        bench.Bench.TestWire.Signal = true;
        bench.Bench.Run();
        Assert.Equal(1u, bench[0].Head);
    }
}
