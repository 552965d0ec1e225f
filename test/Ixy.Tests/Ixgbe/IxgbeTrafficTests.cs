using Ixy.Simulation.Ixgbe;

namespace Ixy.Tests.Ixgbe;

/// <summary>
/// Our ixgbe driver on the simulated card: packets of every shape in both directions. Every test asserts zero
/// violations.
/// </summary>
public sealed class IxgbeTrafficTests
{
    [Theory]
    [InlineData(0x10FB)]
    [InlineData(0x1528)]
    [InlineData(0x1563)]
    public void EachModelReceivesAndSends(int deviceId)
    {
        using var bench = new DriverBench(card: new IxgbeCardOptions { DeviceId = (ushort)deviceId });
        Assert.Equal(new IxgbeCardOptions().MacAddress, bench.Device.MacAddress.Value);
        Assert.Equal(new LinkStatus(true, 10_000), bench.Device.Link);
        AssertBothWays(bench, 100);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(512)]
    [InlineData(1024)]
    [InlineData(4096)]
    public void EveryRingSizeWrapsInOrder(int ringSize)
    {
        using var bench = new DriverBench(DriverBench.Defaults with { RingSize = ringSize, PoolSize = ringSize * 2 });
        AssertBothWays(bench, ringSize * 3 + 17);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(32)]
    [InlineData(100)]
    [InlineData(512)]
    public void EveryBatchSizeKeepsOrder(int batch)
    {
        using var bench = new DriverBench(DriverBench.Defaults with { RingSize = 256 });
        AssertBothWays(bench, 2000, batch);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(64)]
    public void EveryQueueSends(int queues)
    {
        using var bench = new DriverBench(DriverBench.Defaults with
        {
            TransmitQueues = queues,
            ReceiveQueues = queues,
            RingSize = 64,
            PoolSize = 4096, // each queue keeps up to a ring of packets until its next use
        });
        for (int i = 0; i < queues; i++)
        {
            byte[][] frames = [.. DriverBench.Frames(100).Select(frame => { frame[59] = (byte)i; return frame; })];
            DriverBench.Send(bench.Device.TransmitQueues[i], bench.Device.ReceiveQueues[0].Pool, frames);
            DriverBench.Until(() => bench.Wire.FromCard.Count == 100, $"100 frames of queue {i}");
            Assert.Equal(frames, bench.Wire.FromCard);
            bench.Wire.FromCard.Clear();
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(64)]
    public void RssSpreadsFlowsOverTheQueuesAndKeepsEachInOrder(int queues)
    {
        using var bench = new DriverBench(
            DriverBench.Defaults with { ReceiveQueues = queues, RingSize = 1024, PoolSize = 2048 });
        const int Flows = 64, PerFlow = 10;
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
        var packets = new Packet[32];
        DriverBench.Until(() =>
        {
            for (int queue = 0; queue < queues; queue++)
            {
                int received = bench.Device.ReceiveQueues[queue].Receive(packets);
                foreach (var packet in packets.AsSpan(0, received))
                {
                    Assert.NotEqual(0u, packet.RssHash);
                    perQueue[queue].Add(packet.Data.ToArray());
                }
                PacketPool.Free(packets.AsSpan(0, received));
            }
            return perQueue.Sum(frames => frames.Count) == Flows * PerFlow;
        }, "all frames");

        // RSS table entries have four bits: at most 16 queues (datasheet 7.1.2.8).
        Assert.Equal(Math.Min(queues, 16), perQueue.Count(frames => frames.Count > 0));
        foreach (var flows in perQueue.Select(frames => frames.GroupBy(frame => Convert.ToHexString(frame, 26, 4))))
        {
            Assert.All(flows, flow => Assert.Equal(Enumerable.Range(0, PerFlow), flow.Select(frame => (int)frame[59])));
        }
    }

    [Theory]
    [InlineData(1519)]
    [InlineData(9000)]
    [InlineData(15864)]
    public void AJumboFrameFitsIntoOneBuffer(int length)
    {
        using var bench = new DriverBench(new() { CheckedPools = true, MaxFrameSize = length });
        AssertBothWays(bench, 200, length: length);
    }

    [Fact]
    public void AFrameLongerThanTheMaximumIsNotReceived()
    {
        using var bench = new DriverBench();
        bench.Wire.Deliver(DriverBench.Frame(1, 1519));
        bench.Wire.Deliver(DriverBench.Frame(2, 1518));
        Assert.Equal(DriverBench.Frame(2, 1518), Assert.Single(bench.Receive(1)));
        Assert.Equal(1, bench.Device.ReadStatistics().RxLengthErrors);
    }

    [Fact]
    public void AFrameThatSpansDescriptorsIsDroppedAndCounted()
    {
        using var bench = new DriverBench(DriverBench.Defaults with { MaxFrameSize = 9000, BufferSize = 2048 });
        for (int i = 0; i < 100; i++)
        {
            bench.Wire.Deliver(DriverBench.Frame(i, 9000));
            bench.Wire.Deliver(DriverBench.Frame(i, 2049));
            bench.Wire.Deliver(DriverBench.Frame(i, 2048));
            Assert.Equal(DriverBench.Frame(i, 2048), Assert.Single(bench.Receive(1)));
        }
        Assert.Equal(200, bench.Device.ReceiveQueues[0].Dropped);
        Assert.Equal(200, bench.Device.ReadStatistics().RxDropped);
    }

    [Fact]
    public void AnEmptyPoolDropsAndCountsAndGoesOnWhenThereAreBuffers()
    {
        using var bench = new DriverBench(DriverBench.Defaults with { RingSize = 64, PoolSize = 128 });
        var queue = bench.Device.ReceiveQueues[0];
        var hoard = new Packet[64];
        Assert.Equal(64, queue.Pool.Allocate(hoard));

        bench.Wire.Deliver(DriverBench.Frames(300));
        var batch = new Packet[32];
        DriverBench.Until(() =>
        {
            Assert.Equal(0, queue.Receive(batch));
            return queue.Dropped + bench.Device.ReadStatistics().RxMissed >= 300;
        }, "300 frames dropped");
        Assert.True(queue.Dropped > 0);

        PacketPool.Free(hoard);
        bench.Wire.Deliver(DriverBench.Frames(10));
        Assert.Equal(DriverBench.Frames(10), bench.Receive(10));
    }

    [Fact]
    public void AFullRingTakesWhatFitsAndTheRestStaysWithTheCaller()
    {
        using var bench = new DriverBench(DriverBench.Defaults with { RingSize = 64, PoolSize = 256 });
        bench.Wire.Signal = false;
        DriverBench.Until(() => !bench.Device.Link.IsUp, "link down");
        var pool = bench.Device.ReceiveQueues[0].Pool;
        var packets = new Packet[100];
        Assert.Equal(100, pool.Allocate(packets));
        foreach (ref var packet in packets.AsSpan()) packet.Length = 60;

        int sent = bench.Device.Transmit(packets);

        Assert.Equal(63, sent);
        Assert.Equal(0, bench.Device.Transmit(packets.AsSpan(sent)));
        PacketPool.Free(packets.AsSpan(sent));
        Assert.Equal(63, bench.Device.TransmitQueues[0].Pending);
        bench.Wire.Signal = true;
        DriverBench.Until(() => bench.Wire.FromCard.Count == 63, "what was queued goes out when the link is back");
    }

    [Fact]
    public void NothingIsAllocatedPerPacket()
    {
        using var bench = new DriverBench(new() { CheckedPools = false });
        var packets = new Packet[32];
        bench.Wire.Deliver(DriverBench.Frames(400));
        DriverBench.Until(() => bench.Wire.IsEmpty, "all delivered");
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

    private static void AssertBothWays(DriverBench bench, int count, int batch = 32, int length = 60)
    {
        var expected = DriverBench.Frames(count, length).ToList();
        // The wire does not wait, so no more frames are on the way than a ring holds.
        var received = new List<byte[]>();
        foreach (byte[][] portion in expected.Chunk(48))
        {
            bench.Wire.Deliver(portion);
            received.AddRange(bench.Receive(portion.Length, batch));
        }
        Assert.Equal(expected, received);

        DriverBench.Send(bench.Device.TransmitQueues[0], bench.Device.ReceiveQueues[0].Pool, expected, batch);
        DriverBench.Until(() => bench.Wire.FromCard.Count == count, $"{count} frames on the wire");
        Assert.Equal(expected, bench.Wire.FromCard);

        DriverBench.Until(() => bench.Device.TransmitQueues[0].IsDrained, "drained");
        var statistics = bench.Device.ReadStatistics();
        Assert.Equal((count, count), (statistics.RxPackets, statistics.TxPackets));
        Assert.Equal(((long)count * length, (long)count * length), (statistics.RxBytes, statistics.TxBytes));
        Assert.Equal(
            (0, 0, 0, 0),
            (statistics.RxMissed, statistics.RxDropped, statistics.RxCrcErrors, statistics.RxLengthErrors));
    }
}
