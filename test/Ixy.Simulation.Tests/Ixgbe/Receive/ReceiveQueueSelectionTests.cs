using System.Buffers.Binary;
using static Ixy.Testing.Cards.TestPackets;

namespace Ixy.Simulation.Tests.Ixgbe.Receive;

/// <summary>Queues by EtherType, 5-tuple, SYN and Flow Director (datasheet 7.1.2.3 to 7.1.2.7).</summary>
public sealed class ReceiveQueueSelectionTests
{
    private const uint Etqf = 0x05128, Etqs = 0x0EC00, Saqf = 0x0E000, Daqf = 0x0E200, Sdpqf = 0x0E400, Ftqf = 0x0E600,
        L34timir = 0x0E800, Synqf = 0x0EC30;
    private const uint FdirCtrl = 0x0EE00, FdirSource = 0x0EE18, FdirDestination = 0x0EE1C, FdirPort = 0x0EE20,
        FdirVlan = 0x0EE24,
        FdirHash = 0x0EE28, FdirCmd = 0x0EE2C, FdirFree = 0x0EE38, FdirM = 0x0EE70;

    private static ReceiveBench Bench(params int[] queues)
    {
        var bench = new ReceiveBench();
        bench.Start(0, entries: 32);
        foreach (int queue in queues) bench.Start(queue, entries: 32);
        bench.EnableReceive();
        return bench;
    }

    private static int QueueOf(ReceiveBench bench, byte[] frame, params int[] queues)
    {
        uint[] before = [.. queues.Select(queue => bench[queue].Head)];
        bench.Deliver(frame);
        return queues.Where((queue, i) => bench[queue].Head != before[i]).Single();
    }

    [Fact] // 7.1.2.3: queue and number of the filter; user priority if it is enabled
    public void AnEtherTypeFilterChoosesTheQueueAndIsThePacketType()
    {
        using var bench = Bench(9);
        bench.Bench.Write(Etqf + 4 * 3, 0x8000_0800);
        bench.Bench.Write(Etqs + 4 * 3, 0x8009_0000);
        bench.Deliver(IPv4(Tcp, Segment(Tcp)));
        Assert.Equal(0x803u, bench[9].PacketType(0));
        Assert.Equal(3u, bench[9].Status(0)); // no further parsing
        bench.Bench.Write(Etqf + 4 * 3, 0x8000_0800 | 1 << 19 | 5 << 16);
        Assert.Equal(0, QueueOf(bench, IPv4(Tcp, Segment(Tcp)), 0, 9));
        Assert.Equal(0, QueueOf(bench, Tagged(IPv4(Tcp, Segment(Tcp)), 0x4001), 0, 9));
        Assert.Equal(9, QueueOf(bench, Tagged(IPv4(Tcp, Segment(Tcp)), 0xA001), 0, 9));
        bench.Bench.Write(Etqf + 4 * 3, 0x0800);
        Assert.Equal(0, QueueOf(bench, IPv4(Tcp, Segment(Tcp)), 0, 9));
    }

    [Theory] // 7.1.2.5: fields that are not masked must match; all of them are in wire order
    [InlineData(0u, "66.9.149.187", "161.142.100.80", 2794, 1766, Tcp, true)]
    [InlineData(0u, "66.9.149.188", "161.142.100.80", 2794, 1766, Tcp, false)]
    [InlineData(1u, "66.9.149.188", "161.142.100.80", 2794, 1766, Tcp, true)]
    [InlineData(0u, "66.9.149.187", "161.142.100.81", 2794, 1766, Tcp, false)]
    [InlineData(2u, "66.9.149.187", "161.142.100.81", 2794, 1766, Tcp, true)]
    [InlineData(0u, "66.9.149.187", "161.142.100.80", 2795, 1766, Tcp, false)]
    [InlineData(4u, "66.9.149.187", "161.142.100.80", 2795, 1766, Tcp, true)]
    [InlineData(0u, "66.9.149.187", "161.142.100.80", 2794, 1767, Tcp, false)]
    [InlineData(8u, "66.9.149.187", "161.142.100.80", 2794, 1767, Tcp, true)]
    [InlineData(0u, "66.9.149.187", "161.142.100.80", 2794, 1766, Udp, false)]
    [InlineData(16u, "66.9.149.187", "161.142.100.80", 2794, 1766, Udp, true)]
    public void AFiveTupleFilterComparesWhatIsNotMasked(
        uint mask, string source, string destination, int sourcePort, int destinationPort, byte protocol, bool matches)
    {
        using var bench = Bench(70);
        WriteTuple(bench, 127, mask, priority: 1, queue: 70);
        byte[] frame = IPv4(
            protocol, Segment(protocol, (ushort)sourcePort, (ushort)destinationPort), source, destination);
        Assert.Equal(matches ? 70 : 0, QueueOf(bench, frame, 0, 70));
    }

    [Fact] // 8.2.3.7.22: the highest priority wins, then the lowest index
    public void FiveTupleFiltersHavePriorities()
    {
        using var bench = Bench(1, 2, 3);
        byte[] frame = IPv4(Tcp, Segment(Tcp, 2794, 1766));
        WriteTuple(bench, 5, 0, priority: 2, queue: 1);
        WriteTuple(bench, 6, 0, priority: 2, queue: 2);
        Assert.Equal(1, QueueOf(bench, frame, 0, 1, 2, 3));
        WriteTuple(bench, 7, 0, priority: 7, queue: 3);
        Assert.Equal(3, QueueOf(bench, frame, 0, 1, 2, 3));
    }

    [Fact] // 7.1.2.6, 8.2.3.7.18: SYNQFP orders the SYN filter and the 5-tuple filters
    public void TheSynFilterTakesConnectionRequests()
    {
        using var bench = Bench(1, 2);
        byte[] Packet(byte flags)
        {
            byte[] segment = Segment(Tcp, 2794, 1766);
            segment[13] = flags;
            return IPv4(Tcp, segment);
        }
        bench.Bench.Write(Synqf, 2 << 1 | 1);
        Assert.Equal(2, QueueOf(bench, Packet(2), 0, 1, 2));
        Assert.Equal(0, QueueOf(bench, Packet(0x10), 0, 1, 2));
        WriteTuple(bench, 0, 0, priority: 1, queue: 1);
        Assert.Equal(1, QueueOf(bench, Packet(2), 0, 1, 2));
        bench.Bench.Write(Synqf, 1u << 31 | 2 << 1 | 1);
        Assert.Equal(2, QueueOf(bench, Packet(2), 0, 1, 2));
        Assert.Equal(1, QueueOf(bench, Packet(0x10), 0, 1, 2));
    }

    [Fact] // 8.2.3.21.1: 64 KiB of memory hold 8K signature or 2K perfect filters, and INIT-DONE follows
    public void FlowDirectorInitialises()
    {
        using var bench = Bench();
        Assert.Equal(0u, bench.Bench.Read(FdirCtrl) & 8);
        bench.Bench.Write(FdirCtrl, 1);
        Assert.Equal(8u, bench.Bench.Read(FdirCtrl) & 8);
        Assert.Equal(8190u, bench.Bench.Read(FdirFree));
        bench.Bench.Write(FdirCtrl, 3 | 1 << 4);
        Assert.Equal(8190u, bench.Bench.Read(FdirFree));
    }

    [Fact] // 7.1.2.7: perfect match; 8.2.3.21.22: add, query and remove; 7.1.6.2: FLM, RSS type 15, filter id
    public void APerfectFilterChoosesTheQueue()
    {
        using var bench = Bench(4);
        byte[] frame = IPv4(Udp, Segment(Udp, 2794, 1766));
        AddPerfect(bench, queue: 4);
        Assert.Equal(0u, bench.Bench.Read(FdirCmd) & 3);
        Assert.Equal(4, QueueOf(bench, frame, 0, 4));
        Assert.Equal(4u, bench[4].Status(0) & 4);
        Assert.Equal((15u, 0x0123_0077u), (bench[4].RssType(0), bench[4].Hash(0)));
        Assert.Equal(0, QueueOf(bench, IPv4(Udp, Segment(Udp, 2794, 1767)), 0, 4));
        Assert.Equal(0, QueueOf(bench, IPv4(Tcp, Segment(Tcp, 2794, 1766)), 0, 4));
        bench.Bench.Write(FdirCmd, 3);
        Assert.Equal(4u, bench.Bench.Read(FdirCmd) & 7);
        bench.Bench.Write(FdirCmd, 2);
        Assert.Equal(0, QueueOf(bench, frame, 0, 4));
        bench.Bench.Write(FdirCmd, 3);
        Assert.Equal(0u, bench.Bench.Read(FdirCmd) & 7);
        Assert.Equal(2046u, bench.Bench.Read(FdirFree));
    }

    [Fact] // 8.2.3.21.6: port masks are in reverse bit order; 8.2.3.21.9: masked fields are not compared
    public void MasksLeaveFieldsOut()
    {
        using var bench = Bench(4);
        bench.Bench.Write(0x0EE48, 0x8000_0000); // FDIRUDPM: bit 0 of the destination port
        bench.Bench.Write(0x0EE40, 0xFF00_0000); // FDIRSIP4M: the last byte of the source address
        AddPerfect(bench, queue: 4);
        Assert.Equal(4, QueueOf(bench, IPv4(Udp, Segment(Udp, 2794, 1767), source: "66.9.149.1"), 0, 4));
        Assert.Equal(0, QueueOf(bench, IPv4(Udp, Segment(Udp, 2794, 1764), source: "66.9.149.1"), 0, 4));
        Assert.Equal(0, QueueOf(bench, Tagged(IPv4(Udp, Segment(Udp, 2794, 1766)), 5), 0, 4));
    }

    [Fact] // 8.2.3.21.22: a filter that drops sends its frames to the drop queue, which is disabled
    public void APerfectFilterCanDrop()
    {
        using var bench = Bench();
        AddPerfect(bench, queue: 0, command: 1 << 9);
        bench.Deliver(IPv4(Udp, Segment(Udp, 2794, 1766)));
        Assert.Equal((0u, 1ul), (bench[0].Head, bench.Statistics.QPRDC[0]));
    }

    private static void WriteTuple(ReceiveBench bench, uint index, uint mask, uint priority, uint queue)
    {
        bench.Bench.Write(Saqf + 4 * index, BinaryPrimitives.ReadUInt32LittleEndian(Bytes("66.9.149.187")));
        bench.Bench.Write(Daqf + 4 * index, BinaryPrimitives.ReadUInt32LittleEndian(Bytes("161.142.100.80")));
        bench.Bench.Write(
            Sdpqf + 4 * index, BinaryPrimitives.ReadUInt32LittleEndian([2794 >> 8, 2794 & 255, 1766 >> 8, 1766 & 255]));
        bench.Bench.Write(L34timir + 4 * index, queue << 21 | 1 << 12 | 1 << 19);
        bench.Bench.Write(Ftqf + 4 * index, 1u << 31 | 1 << 30 | mask << 25 | priority << 2);
    }

    internal static void AddPerfect(ReceiveBench bench, uint queue, uint command = 0)
    {
        bench.Bench.Write(FdirCtrl, 1 | 1 << 4 | 1 << 5 | 127 << 8 | 6 << 16);
        // flexible bytes, IPv6 destination and pool are not compared
        bench.Bench.Write(FdirM, 1 << 4 | 1 << 5 | 1 << 2);
        bench.Bench.Write(FdirSource, BinaryPrimitives.ReadUInt32LittleEndian(Bytes("66.9.149.187")));
        bench.Bench.Write(FdirDestination, BinaryPrimitives.ReadUInt32LittleEndian(Bytes("161.142.100.80")));
        bench.Bench.Write(FdirPort, 1766u << 16 | 2794);
        bench.Bench.Write(FdirVlan, 0);
        bench.Bench.Write(FdirHash, 0x0077_0123);
        bench.Bench.Write(FdirCmd, command | queue << 16 | 1 << 15 | 1 << 11 | 1 << 5 | 1 << 3 | 1);
    }
}
