using System.Diagnostics;
using Ixy.Ixgbe;
using Ixy.Simulation;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Vfio;
using static Ixy.Tests.InterruptBench;

namespace Ixy.Tests;

/// <summary>One thread and several queues, and other events than packets that end a sleep.</summary>
public sealed class QueueWaiterTests
{
    [Theory]
    [InlineData(IxgbeKind, "Split")]
    [InlineData("Packed", "LegacyPlain")]
    public async Task PacketsOfAnyDeviceWakeTheOneThread(string first, string second)
    {
        const int Packets = 1000;
        using var left = Open(first);
        using var right = Open(second);
        ReceiveQueue[] queues = [left.Device.ReceiveQueues[0], right.Device.ReceiveQueues[0]];
        var next = new int[2];
        var receiver = OnThread(() =>
        {
            using var waiter = new QueueWaiter(queues);
            var batch = new Packet[1];
            while (next[0] + next[1] < Packets)
            {
                bool any = false;
                for (int i = 0; i < 2; i++)
                {
                    if (queues[i].Receive(batch) == 0) continue;
                    PacketPool.Free(batch);
                    Volatile.Write(ref next[i], next[i] + 1);
                    any = true;
                }
                if (!any) Assert.True(waiter.Wait(Long));
            }
        });
        for (int number = 0; number < Packets && !receiver.IsCompleted; number++)
        {
            int side = number % 3 % 2;
            int before = Volatile.Read(ref next[side]);
            (side == 0 ? left : right).Wire.Deliver(DriverBench.Frame(number));
            DriverBench.Until(() => Volatile.Read(ref next[side]) > before || receiver.IsCompleted, "packet");
        }
        await receiver;
        Assert.All(queues, queue => Assert.True(queue.Interrupts > 0));
    }

    [Theory]
    [InlineData(IxgbeKind, 3)]
    [InlineData(IxgbeKind, 20)] // Beyond 16, other registers apply (7.3.1).
    [InlineData("Split", 3)]
    [InlineData("Legacy", 3)]
    public async Task EveryQueueHasAnInterruptOfItsOwn(string kind, int queues)
    {
        using var bench = Open(
            kind, Options with { ReceiveQueues = queues, TransmitQueues = queues, RingSize = 64, PoolSize = 128 },
            queues);
        var all = bench.Device.ReceiveQueues;
        using var waiter = new QueueWaiter(all);
        var batch = new Packet[8];
        var woken = new HashSet<int>();
        for (int flow = 0; flow < 400 && woken.Count < Math.Min(queues, 16); flow++)
        {
            var delivery = bench.DeliverOnceAsleep(Flow(flow), all);
            Assert.True(waiter.Wait(Long));
            await delivery;
            for (int i = 0; i < queues; i++)
            {
                int received = all[i].Receive(batch);
                PacketPool.Free(batch.AsSpan(0, received));
                if (received > 0) woken.Add(i);
            }
        }
        Assert.True(woken.Count > 1);
        Assert.All(woken, i => Assert.True(all[i].Packets > 0));
        // The other queues have not interrupted.
        for (int i = 0; i < queues; i++) Assert.InRange(all[i].Interrupts, 0, all[i].Packets);
        Assert.True(all.Sum(queue => queue.Interrupts) > 0);
    }

    [Fact]
    public async Task AnotherThreadEndsASleep()
    {
        using var bench = Open(IxgbeKind);
        using var waiter = new QueueWaiter(bench.Device.ReceiveQueues);
        var sleeper = OnThread(() => Assert.False(waiter.Wait(Timeout.InfiniteTimeSpan)));
        DriverBench.Until(() => bench.Device.ReceiveQueues[0].Waits == 1, "sleep");
        waiter.Wake();
        await sleeper;
        // It also ends a sleep that has not begun.
        waiter.Wake();
        Assert.False(waiter.Wait(Timeout.InfiniteTimeSpan));
        waiter.Dispose();
        waiter.Wake();
    }

    [Theory]
    [InlineData(IxgbeKind)]
    [InlineData("Split")]
    [InlineData("Packed")]
    public async Task DisposingTheDeviceWakesTheSleeper(string kind)
    {
        var bench = Open(kind);
        var queue = bench.Device.ReceiveQueues[0];
        var batch = new Packet[1];
        var sleeper = OnThread(
            () => Assert.Throws<ObjectDisposedException>(() => queue.Receive(batch, Timeout.InfiniteTimeSpan)));
        DriverBench.Until(() => queue.Waits == 1, "sleep");
        // It waits for the sleeper; if that does not wake up, forever.
        var end = OnThread(bench.Dispose);
        Assert.Same(end, await Task.WhenAny(end, Task.Delay(Long)));
        await end;
        await sleeper;
    }

    [Theory]
    [InlineData("ixgbe")]
    [InlineData("virtio")]
    public async Task ACardThatLeavesWakesTheSleeper(string card)
    {
        string path = Path.Combine(Path.GetTempPath(), $"ixy-interrupts-{Environment.ProcessId}");
        int before = OpenDescriptors.Count();
        using (var server = SimulatedCardServer.Open($"sim:{card},wire=loopback", path))
        {
            server.Start();
            using var device = NetworkDevice.Open($"vfio-user:{path}", Options);
            var queue = device.ReceiveQueues[0];
            var sleeper = OnThread(
                () => Assert.Throws<VfioUserDisconnectedException>(
                    () => queue.Receive(new Packet[1], Timeout.InfiniteTimeSpan)));
            DriverBench.Until(() => queue.Waits == 1, "sleep");
            server.Dispose();
            await sleeper;
            // A later caller does not go to sleep.
            Assert.Throws<VfioUserDisconnectedException>(() => queue.Receive(new Packet[1], Long));
        }
        DriverBench.Until(() => OpenDescriptors.Count() == before, "all descriptors closed");
    }

    [Fact] // The ring of a card that is gone just stays empty.
    public async Task ACardThatLeavesEndsAWaitThatPolls()
    {
        string path = Path.Combine(Path.GetTempPath(), $"ixy-polled-{Environment.ProcessId}");
        using var server = SimulatedCardServer.Open("sim:ixgbe,wire=loopback", path);
        server.Start();
        using var device = NetworkDevice.Open($"vfio-user:{path}", DriverBench.Defaults);
        using var waiter = new QueueWaiter(device.ReceiveQueues);
        var poller = OnThread(
            () => Assert.Throws<VfioUserDisconnectedException>(() => device.Receive(new Packet[1], Long)));
        Assert.False(poller.IsCompleted);
        server.Dispose();
        await poller;
        Assert.Throws<VfioUserDisconnectedException>(() => waiter.Wait(Long));
    }

    [Fact] // RSS reaches only the first 16 queues; filters may choose any.
    public async Task AQueueBeyondThe32ndHasTheSecondHalfOfTheRegisters()
    {
        const int Queue = 37;
        using var bench = Open(IxgbeKind, Options with { ReceiveQueues = 40, RingSize = 64, PoolSize = 128 });
        var queue = bench.Device.ReceiveQueues[Queue];
        using var waiter = new QueueWaiter(queue);
        var sleeper = OnThread(() => Assert.True(waiter.Wait(Long)));
        DriverBench.Until(() => queue.Waits == 1, "sleep");
        var bar = bench.Device.PciDevice.OpenBar(0);
        Assert.Equal(
            (0u, 1u << (Queue - 32)),
            (bar.Read32(IxgbeFeatureRegisters.EIMS_EX[0]), bar.Read32(IxgbeFeatureRegisters.EIMS_EX[1])));
        bar.Write32(CardRegisters.EICS_EX[1], 1u << (Queue - 32));
        await sleeper;
        // The interrupt has masked itself.
        Assert.Equal((1, 0u), (queue.Interrupts, bar.Read32(IxgbeFeatureRegisters.EIMS_EX[1])));
    }

    [Fact]
    public async Task TwoThreadsOnOneQueueAreAMistake()
    {
        using var bench = Open(IxgbeKind);
        var queue = bench.Device.ReceiveQueues[0];
        using var waiter = new QueueWaiter(queue);
        var sleeper = OnThread(() => waiter.Wait(Timeout.InfiniteTimeSpan));
        DriverBench.Until(() => queue.Waits == 1, "sleep");
        var error = Assert.Throws<InvalidOperationException>(() => queue.Receive(new Packet[1], Long));
        Assert.Contains("one thread at a time", error.Message);
        waiter.Wake();
        await sleeper;
    }

    [Fact]
    public void WithoutInterruptsItPolls()
    {
        using var bench = new DriverBench();
        var queue = bench.Device.ReceiveQueues[0];
        using var waiter = new QueueWaiter(queue);
        Assert.True(waiter.Wait(Long));
        waiter.Wake();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(0, queue.Receive(new Packet[1], TimeSpan.FromMilliseconds(50)));
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(40), Long);
        bench.Wire.Deliver(DriverBench.Frame(5));
        Assert.Equal(5, ReceiveOne(queue, new Packet[1]));
        Assert.Equal((0, 0), (queue.Waits, queue.Interrupts));
        Assert.Equal(
            0u, bench.Device.PciDevice.ReadConfig(
                bench.Device.PciDevice.FindCapabilities(0x11).First() + 2, 2) & 0x8000u);
    }

    [Fact]
    public void NothingToWaitFor() => Assert.Throws<ArgumentException>(() => new QueueWaiter());

    // Varies the source port, by which RSS chooses the queue.
    private static byte[] Flow(int number)
    {
        byte[] frame = DriverBench.Frame(number);
        frame[34] = (byte)(number >> 4);
        frame[35] = (byte)(number * 7);
        return frame;
    }
}
