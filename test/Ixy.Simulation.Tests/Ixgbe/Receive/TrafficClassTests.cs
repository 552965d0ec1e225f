using Ixy.Ixgbe;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;
using static Ixy.Testing.Cards.TestPackets;

namespace Ixy.Simulation.Tests.Ixgbe.Receive;

/// <summary>Receive queues of traffic classes (82599 datasheet 7.1.2.2, 8.2.3.7.12, 8.2.3.10.4).</summary>
public sealed class TrafficClassTests
{
    private const uint TcpIPv4 = 1u << 16;

    // MRQC.MRQE: 8 classes of 16 queues, 4 of 32; without and with RSS.
    [Theory]
    [InlineData(0b0010u, 16)]
    [InlineData(0b0011u, 32)]
    [InlineData(0b0100u, 16)]
    [InlineData(0b0101u, 32)]
    public void APrioritysClassHasQueuesOfItsOwn(uint mode, int queuesOfAClass)
    {
        int classes = 128 / queuesOfAClass;
        using var bench = Start(
            mode, Enumerable.Range(0, classes).Select(trafficClass => trafficClass * queuesOfAClass));
        // Priorities in reverse, so that none is in the class of its own number.
        uint map = 0;
        for (int priority = 0; priority < 8; priority++) map |= (uint)((7 - priority) % classes) << priority * 3;
        bench.Bench.Write(RTRUP2TC, map);
        for (int priority = 0; priority < 8; priority++) bench.Deliver(Tagged(priority));
        bench.Deliver(ReceiveBench.Frame(type: 0x88B6)); // without a tag: priority 0
        for (int trafficClass = 0; trafficClass < classes; trafficClass++)
        {
            int[] expected = [.. Enumerable.Range(0, 8).Where(priority => (7 - priority) % classes == trafficClass)];
            var ring = bench[trafficClass * queuesOfAClass];
            Assert.Equal(expected, expected.Select((_, index) => ring.Data(index)[14] >> 5));
            Assert.Equal(expected.Contains(0), ring.IsDone(expected.Length));
            Assert.False(ring.IsDone(expected.Length + 1));
        }
        Assert.Empty(bench.Rules);
    }

    [Theory]
    [InlineData(0b0100u, 3 * 16)]
    [InlineData(0b0101u, 3 * 32)]
    public void RssSpreadsWithinAClass(uint mode, int first)
    {
        const int entries = 56; // so that 16 rings fit into the bench's memory
        using var bench = Start(mode | TcpIPv4, Enumerable.Range(first, 16), entries);
        bench.Bench.Write(RTRUP2TC, 3);
        for (int word = 0; word < IxgbeFeatureRegisters.RETA.Count; word++)
            bench.Bench.Write(IxgbeFeatureRegisters.RETA, 0x0302_0100u + 0x0404_0404u * (uint)(word % 4), word);
        for (int word = 0; word < IxgbeFeatureRegisters.RSSRK.Count; word++)
            bench.Bench.Write(IxgbeFeatureRegisters.RSSRK, 0x6D5A_56DAu * (uint)(word + 1), word);
        for (ushort port = 1; port <= 100; port++) bench.Deliver(IPv4(Tcp, Segment(Tcp, port, 80)));
        int[] frames = [
            .. Enumerable.Range(first, 16).Select(queue => Enumerable.Range(0, entries).Count(bench[queue].IsDone))];
        Assert.Equal(100, frames.Sum());
        Assert.True(frames.Count(count => count > 0) > 4, string.Join(' ', frames));
        Assert.Empty(bench.Rules);
    }

    // RQTC: how many bits of a table entry select a queue of the class; four after a reset.
    [Theory]
    [InlineData(0x4444_4444u, 16)]
    [InlineData(0x4444_2444u, 4)]
    [InlineData(0x4444_0444u, 1)]
    public void RssUsesAsManyQueuesOfAClassAsItIsTold(uint bits, int queues)
    {
        const int entries = 56, trafficClass = 3, first = trafficClass * 16;
        using var bench = Start(0b0100 | TcpIPv4, Enumerable.Range(first, 16), entries);
        Assert.Equal(0x4444_4444u, bench.Bench.Read(0xEC70u));
        bench.Bench.Write(0xEC70u, bits);
        bench.Bench.Write(RTRUP2TC, trafficClass);
        for (int word = 0; word < IxgbeFeatureRegisters.RETA.Count; word++)
            bench.Bench.Write(IxgbeFeatureRegisters.RETA, 0x0302_0100u + 0x0404_0404u * (uint)(word % 4), word);
        for (int word = 0; word < IxgbeFeatureRegisters.RSSRK.Count; word++)
            bench.Bench.Write(IxgbeFeatureRegisters.RSSRK, 0x6D5A_56DAu * (uint)(word + 1), word);
        int frames = Math.Min(100, queues * (entries - 1));
        for (ushort port = 1; port <= frames; port++) bench.Deliver(IPv4(Tcp, Segment(Tcp, port, 80)));
        int[] used = [.. Enumerable.Range(0, 16).Where(queue => bench[first + queue].IsDone(0))];
        Assert.All(used, queue => Assert.True(queue < queues, $"queue {queue} of the class"));
        Assert.True(used.Length > queues / 2, string.Join(' ', used));
        Assert.Empty(bench.Rules);
    }

    // A Flow Director filter names a queue by its number among all queues, as Linux does, not by its number in the
    // class.
    [Fact]
    public void FlowDirectorNamesAQueueOfAnyClass()
    {
        using var bench = Start(0b0100, [16, 90]);
        bench.Bench.Write(RTRUP2TC, 1);
        byte[] frame = IPv4(Udp, Segment(Udp, 2794, 1766));
        bench.Deliver(frame);
        ReceiveQueueSelectionTests.AddPerfect(bench, queue: 90);
        bench.Deliver(frame);
        Assert.Equal((true, false), (bench[16].IsDone(0), bench[16].IsDone(1)));
        Assert.True(bench[90].IsDone(0));
    }

    // 8.2.3.8.9: each class has a buffer; together they hold the frames that have no descriptors yet.
    [Fact]
    public void TheBuffersOfAllClassesAreInUse()
    {
        const uint KiB = 1u << 10;
        using var bench = Start(0b0011, [0]);
        for (int index = 0; index < IxgbeRegisters.RXPBSIZE.Count; index++)
            bench.Bench.Write(IxgbeRegisters.RXPBSIZE, index < 4 ? 2 * KiB : 64 * KiB, index);
        bench.Deliver([.. Enumerable.Repeat(ReceiveBench.Frame(1020), 150)]);
        Assert.Equal(150ul, bench.Statistics.GPRC);
        // 127 descriptors, and 8 frames of 1 KiB in the buffers.
        Assert.Equal(150ul - 127 - 8, bench.Statistics.MPC[0]);
    }

    private static ReceiveBench Start(uint mode, IEnumerable<int> queues, int entries = ReceiveBench.Entries)
    {
        var bench = new ReceiveBench();
        foreach (int queue in queues) bench.Start(queue, entries: entries);
        bench.Bench.Write(IxgbeFeatureRegisters.MRQC, mode);
        bench.EnableReceive();
        return bench;
    }

    private static byte[] Tagged(int priority)
    {
        byte[] frame = ReceiveBench.Frame(64, type: 0x8100);
        (frame[14], frame[15]) = ((byte)(priority << 5), 1);
        return frame;
    }
}
