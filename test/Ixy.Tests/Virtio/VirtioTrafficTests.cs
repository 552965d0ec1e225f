using Ixy.Simulation.Virtio;
using Ixy.Virtio;

namespace Ixy.Tests.Virtio;

/// <summary>
/// Our virtio driver on the simulated card, in all variants: packets in both directions. Every test asserts zero
/// violations.
/// </summary>
public sealed class VirtioTrafficTests
{
    /// <summary>Kinds of cards and rings.</summary>
    public enum Variant
    {
        Legacy,
        LegacyPlain,
        Split,
        SplitPlain,
        Packed,
        PackedPlain,
    }

    public static TheoryData<Variant> Variants() => [.. Enum.GetValues<Variant>()];

    public static TheoryData<Variant, int> VariantsWith(int first, int second, int third)
    {
        var data = new TheoryData<Variant, int>();
        foreach (var variant in Enum.GetValues<Variant>())
        {
            foreach (int number in new[] { first, second, third }) data.Add(variant, number);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void EachVariantReceivesAndSends(Variant variant)
    {
        using var bench = new DriverBench(DriverBench.Defaults, Card(variant));
        Assert.Equal("virtio-net", bench.Device.DriverName);
        Assert.Equal(new VirtioCardOptions().MacAddress, bench.Device.MacAddress.Value);
        Assert.True(bench.Device.Link.IsUp);
        AssertBothWays(bench, 2000);
    }

    // The device's rings have 4,096 descriptors; a legacy device insists on that size.
    [Theory]
    [MemberData(nameof(VariantsWith), 64, 256, 4096)]
    public void EveryRingSizeWrapsInOrder(Variant variant, int ringSize)
    {
        using var bench = new DriverBench(DriverBench.Defaults with { RingSize = ringSize, PoolSize = ringSize * 2 },
            Card(variant) with { QueueSize = 4096 });
        int size = variant is Variant.Legacy or Variant.LegacyPlain ? 4096 : ringSize;
        AssertBothWays(bench, size * 3 + 17);
    }

    [Theory]
    [MemberData(nameof(VariantsWith), 2, 16, 64)]
    public void TheDeviceLimitsTheRing(Variant variant, int queueSize)
    {
        using var bench = new DriverBench(DriverBench.Defaults, Card(variant) with { QueueSize = queueSize });
        AssertBothWays(bench, 300, portion: queueSize);
    }

    // A packed ring's size need not be a power of two; ours are.
    [Fact]
    public void AnOddRingIsUsedAsFarAsItGoes()
    {
        using var bench = new DriverBench(DriverBench.Defaults, Card(Variant.Packed) with { QueueSize = 100 });
        AssertBothWays(bench, 1000);
    }

    [Theory]
    [MemberData(nameof(VariantsWith), 1, 3, 100)]
    public void EveryBatchSizeKeepsOrder(Variant variant, int batch)
    {
        using var bench = new DriverBench(DriverBench.Defaults, Card(variant));
        AssertBothWays(bench, 1000, batch);
    }

    [Theory]
    [MemberData(nameof(VariantsWith), 2, 5, 8)]
    public void EveryQueuePairReceivesAndSends(Variant variant, int pairs)
    {
        using var bench = new DriverBench(
            DriverBench.Defaults with { ReceiveQueues = pairs, TransmitQueues = pairs, RingSize = 64, PoolSize = 2048 },
            Card(variant) with { QueuePairs = 8 });
        Assert.Equal((pairs, pairs), (bench.Device.ReceiveQueues.Count, bench.Device.TransmitQueues.Count));
        AssertFlowsAreSpread(bench, pairs);
        var pool = bench.Device.ReceiveQueues[0].Pool;
        for (int i = 0; i < pairs; i++)
        {
            byte[][] frames = [.. DriverBench.Frames(100).Select(frame => { frame[59] = (byte)i; return frame; })];
            DriverBench.Send(bench.Device.TransmitQueues[i], pool, frames);
            DriverBench.Until(() => bench.Wire.FromCard.Count == 100, $"100 frames of queue {i}");
            Assert.Equal(frames, bench.Wire.FromCard);
            bench.Wire.FromCard.Clear();
        }
    }

    [Theory]
    [MemberData(nameof(VariantsWith), 1519, 9000, 15864)]
    public void AJumboFrameFitsIntoOneBuffer(Variant variant, int length)
    {
        using var bench = new DriverBench(
            new() { CheckedPools = true, MaxFrameSize = length, PoolSize = 1024 }, Card(variant));
        AssertBothWays(bench, 200, length: length);
    }

    [Theory]
    [InlineData(Variant.Legacy, 9000)]
    [InlineData(Variant.Split, 9000)]
    [InlineData(Variant.Packed, 9000)]
    [InlineData(Variant.Split, 2048)]
    [InlineData(Variant.Packed, 2049)]
    [InlineData(Variant.Packed, 15864)]
    public void AJumboFrameIsPutTogetherFromSmallBuffers(Variant variant, int length)
    {
        using var bench = new DriverBench(
            new() { CheckedPools = true, MaxFrameSize = length, BufferSize = 2048, PoolSize = 1024 }, Card(variant));
        AssertBothWays(
            bench, 500, length: length, portion: 24,
            sendFrom: new PacketPool(new() { Count = 128, BufferSize = 16384 }));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void AFrameLongerThanTheMaximumIsDroppedAndCounted(Variant variant)
    {
        using var bench = new DriverBench(DriverBench.Defaults, Card(variant));
        for (int i = 0; i < 100; i++)
        {
            bench.Wire.Deliver(DriverBench.Frame(1, 1519));
            bench.Wire.Deliver(DriverBench.Frame(i, 1518));
            Assert.Equal(DriverBench.Frame(i, 1518), Assert.Single(bench.Receive(1)));
        }
        Assert.Equal((200, 100), (bench.Device.ReadStatistics().RxPackets, bench.Device.ReadStatistics().RxDropped));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void AnEmptyPoolDropsAndCountsAndGoesOnWhenThereAreBuffers(Variant variant)
    {
        using var bench = new DriverBench(DriverBench.Defaults with { RingSize = 64, PoolSize = 128 }, Card(variant));
        var queue = bench.Device.ReceiveQueues[0];
        var hoard = new Packet[queue.Pool.Available];
        Assert.Equal(hoard.Length, queue.Pool.Allocate(hoard));

        var batch = new Packet[32];
        for (int i = 0; i < 10; i++)
        {
            bench.Wire.Deliver(DriverBench.Frames(30));
            DriverBench.Until(() =>
            {
                Assert.Equal(0, queue.Receive(batch));
                return queue.Dropped == 30 * (i + 1);
            }, "30 frames dropped");
        }

        PacketPool.Free(hoard);
        bench.Wire.Deliver(DriverBench.Frames(10));
        Assert.Equal(DriverBench.Frames(10), bench.Receive(10));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void DisposeUnderLoadIsCleanWheneverItComes(Variant variant)
    {
        for (int round = 0; round < 6; round++)
        {
            using var bench = new DriverBench(
                DriverBench.Defaults with { ReceiveQueues = 2, TransmitQueues = 2 },
                Card(variant) with { QueuePairs = 2 });
            bench.Wire.Deliver(DriverBench.Frames(5000));
            var packets = new Packet[32];
            for (int i = 0; i < round * 20; i++)
            {
                int received = bench.Device.Receive(packets);
                int sent = bench.Device.Transmit(packets.AsSpan(0, received));
                PacketPool.Free(packets.AsSpan(sent, received - sent));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void NothingIsAllocatedPerPacket(Variant variant)
    {
        using var bench = new DriverBench(new() { CheckedPools = false }, Card(variant));
        var packets = new Packet[32];
        bench.Wire.Deliver(DriverBench.Frames(200));
        Forward();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Forward();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Forward()
        {
            int received = bench.Device.Receive(packets);
            int sent = bench.Device.Transmit(packets.AsSpan(0, received));
            PacketPool.Free(packets.AsSpan(sent, received - sent));
        }
    }

    /// <summary>"Plain" cards lack the features that speed things up: mergeable buffers and event indices.</summary>
    internal static VirtioCardOptions Card(Variant variant) => new()
    {
        IsLegacy = variant is Variant.Legacy or Variant.LegacyPlain,
        IsPacked = variant is Variant.Packed or Variant.PackedPlain,
        Withheld = variant is Variant.LegacyPlain or Variant.SplitPlain or Variant.PackedPlain
            ? VirtioFeatures.MergeableBuffers | VirtioFeatures.EventIndex | VirtioFeatures.SpeedDuplex
            : 0,
    };

    private static void AssertFlowsAreSpread(DriverBench bench, int pairs)
    {
        const int Flows = 64, PerFlow = 5;
        for (int i = 0; i < PerFlow; i++)
        {
            for (int flow = 0; flow < Flows; flow++)
            {
                byte[] frame = DriverBench.Frame(flow);
                frame[59] = (byte)i;
                bench.Wire.Deliver(frame);
            }
        }
        var perQueue = bench.Device.ReceiveQueues.Select(_ => new List<byte[]>()).ToArray();
        DriverBench.Until(() =>
        {
            for (int queue = 0; queue < pairs; queue++) Take(bench.Device.ReceiveQueues[queue], perQueue[queue]);
            return perQueue.Sum(frames => frames.Count) == Flows * PerFlow;
        }, "all frames");
        Assert.All(perQueue, frames => Assert.NotEmpty(frames));
        foreach (var flows in perQueue.Select(frames => frames.GroupBy(frame => Convert.ToHexString(frame, 26, 4))))
        {
            Assert.All(flows, flow => Assert.Equal(Enumerable.Range(0, PerFlow), flow.Select(frame => (int)frame[59])));
        }
    }

    private static void Take(ReceiveQueue queue, List<byte[]> frames)
    {
        var packets = new Packet[32];
        int received = queue.Receive(packets);
        foreach (var packet in packets.AsSpan(0, received)) frames.Add(packet.Data.ToArray());
        PacketPool.Free(packets.AsSpan(0, received));
    }

    private static void AssertBothWays(
        DriverBench bench, int count, int batch = 32, int length = 60, int portion = 48, PacketPool? sendFrom = null)
    {
        var expected = DriverBench.Frames(count, length).ToList();
        // The wire does not wait, so no more frames are on the way than a ring holds.
        var received = new List<byte[]>();
        foreach (byte[][] frames in expected.Chunk(portion))
        {
            bench.Wire.Deliver(frames);
            received.AddRange(bench.Receive(frames.Length, batch));
        }
        Assert.Equal(expected, received);

        DriverBench.Send(
            bench.Device.TransmitQueues[0], sendFrom ?? bench.Device.ReceiveQueues[0].Pool, expected, batch);
        DriverBench.Until(() => bench.Wire.FromCard.Count == count, $"{count} frames on the wire");
        Assert.Equal(expected, bench.Wire.FromCard);

        DriverBench.Until(() => bench.Device.TransmitQueues[0].IsDrained, "drained");
        sendFrom?.Dispose();
        var statistics = bench.Device.ReadStatistics();
        Assert.Equal((count, count), (statistics.RxPackets, statistics.TxPackets));
        Assert.Equal(((long)count * length, (long)count * length), (statistics.RxBytes, statistics.TxBytes));
        Assert.Equal(
            (0, 0, 0, 0),
            (statistics.RxMissed, statistics.RxDropped, statistics.RxCrcErrors, statistics.RxLengthErrors));
    }
}
