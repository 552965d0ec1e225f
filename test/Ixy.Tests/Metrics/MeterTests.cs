using Ixy.Simulation;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Wires;

namespace Ixy.Tests.Metrics;

/// <summary>The meter <c>Ixy</c>, as any listener in the process sees it.</summary>
public sealed class MeterTests
{
    private const string Loopback = "sim:ixgbe,wire=loopback,link-delay=0ms", Virtio = "sim:virtio,wire=loopback";
    private Exception? _failure;

    [Theory]
    [InlineData(Loopback)]
    [InlineData(Virtio)]
    public void WhatPassesADeviceIsCounted(string specifier)
    {
        using var listener = new Listener();
        using (var device = Open(specifier, new() { CheckedPools = true }))
        {
            Exchange(device, packets: 100, batch: 10, length: 64);
            string name = device.Name;
            Assert.Equal(100, listener.Read("ixy.device.packets", name, "direction=transmit"));
            Assert.Equal(100, listener.Read("ixy.device.packets", name, "direction=receive"));
            Assert.Equal(6400, listener.Read("ixy.device.io", name, "direction=transmit"));
            Assert.Equal(6400, listener.Read("ixy.device.io", name, "direction=receive"));
            Assert.Equal(100, listener.Read("ixy.queue.packets", name, "direction=transmit,queue=0"));
            Assert.Equal(100, listener.Read("ixy.queue.packets", name, "direction=receive,queue=0"));
            Assert.Equal(10, listener.Read("ixy.queue.batches", name, "direction=transmit,queue=0,size=8-15"));
            Assert.Equal(0, listener.Read("ixy.queue.batches", name, "direction=transmit,queue=0,size=4-7"));
            Assert.Equal(0, listener.Read("ixy.queue.batches", name, "direction=transmit,queue=0,size=1024-"));
            Assert.Equal(0, listener.Read("ixy.queue.refused", name, "direction=transmit,queue=0"));
            Assert.Equal(0, listener.Read("ixy.device.dropped", name, "by=card,direction=receive"));
            Assert.Equal(0, listener.Read("ixy.device.errors", name, "direction=receive,type=crc"));
            Assert.Equal(device.ReceiveQueues[0].Pool.Available, listener.Read("ixy.pool.available", name, "queue=0"));
            Assert.Equal(4096, listener.Read("ixy.pool.size", name, "queue=0"));
            Assert.Equal(
                device.TransmitQueues[0].Pending,
                listener.Read("ixy.queue.pending", name, "direction=transmit,queue=0"));
        }
        Assert.Empty(listener.ReadAll());
    }

    // A different number for each kind, so that none is mistaken for another.
    [Fact]
    public void WhatIsLostAndDamagedIsCountedByKind()
    {
        const string Name = "sim:losses";
        using var listener = new Listener();
        var wire = new FarEnd();
        using var device = NetworkDevice.Open(new SimulatedPciDevice(Name, new IxgbeCard(new IxgbeCardOptions(), wire)),
            new() { RingSize = 64, PoolSize = 128, BufferSize = 1024, MaxFrameSize = 9000 });
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
        wire.Deliver(DriverBench.Frame(1), FrameErrors.Crc);
        foreach (int length in new[] { 40, 41 }) wire.Deliver(DriverBench.Frame(2)[..length]);
        // Two descriptors each, which the driver does not merge.
        wire.Deliver(DriverBench.Frames(3, length: 1500));
        wire.Deliver(Enumerable.Repeat(DriverBench.Frame(4), 20_000)); // more than the packet buffer holds
        DriverBench.Until(() => wire.IsEmpty, "all delivered");
        var batch = new Packet[32];
        int quiet = 0;
        DriverBench.Until(() =>
        {
            int received = device.Receive(batch);
            PacketPool.Free(batch.AsSpan(0, received));
            quiet = received == 0 ? quiet + 1 : 0;
            return device.ReceiveQueues[0].Dropped == 3 && quiet > 1000;
        }, "all received");
        long missed = device.ReadStatistics().RxMissed;
        Assert.InRange(missed, 4, 20_000);
        var series = listener.ReadAll();
        Assert.Equal(missed, series[$"ixy.device.dropped device={Name} by=card,direction=receive"]);
        Assert.Equal(3, series[$"ixy.device.dropped device={Name} by=driver,direction=receive"]);
        Assert.Equal(3, series[$"ixy.queue.dropped device={Name} direction=receive,queue=0"]);
        Assert.Equal(1, series[$"ixy.device.errors device={Name} direction=receive,type=crc"]);
        Assert.Equal(2, series[$"ixy.device.errors device={Name} direction=receive,type=length"]);
    }

    // However fast the card is, one call takes at most a full ring.
    [Fact]
    public void WhatAFullQueueRefusesIsCountedEachTime()
    {
        const string Name = "sim:full";
        using var listener = new Listener();
        using var device = NetworkDevice.Open(
            new SimulatedPciDevice(Name, new IxgbeCard(new IxgbeCardOptions(), new FarEnd())),
            new() { RingSize = 64, PoolSize = 256, BufferSize = 2048 });
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
        using var pool = new PacketPool(new() { Count = 128, BufferSize = 2048 });
        pool.SetTemplate(CaptureFiles.Frame(60, 1));
        var packets = new Packet[100];
        Assert.Equal(100, pool.Allocate(packets));
        int taken = device.Transmit(packets);
        Assert.InRange(taken, 32, 64);
        Assert.Equal(100 - taken, listener.Read("ixy.queue.refused", Name, "direction=transmit,queue=0"));
        // The rest is offered again; each refusal counts.
        int more = device.Transmit(packets.AsSpan(taken));
        PacketPool.Free(packets.AsSpan(taken + more));
        Assert.Equal(
            100 - taken + 100 - taken - more, listener.Read("ixy.queue.refused", Name, "direction=transmit,queue=0"));
        Assert.InRange(listener.Read("ixy.queue.batches", Name, "direction=transmit,queue=0,size=32-63"), 1, 2);
    }

    [Theory]
    [InlineData(Loopback)]
    [InlineData(Virtio)]
    public void WhatCannotBeSentIsCountedAsDroppedByTheDriver(string specifier)
    {
        using var listener = new Listener();
        using var device = Open(specifier, new());
        var packets = new Packet[5];
        Assert.Equal(5, device.ReceiveQueues[0].Pool.Allocate(packets));
        for (int i = 0; i < packets.Length; i++)
        {
            packets[i].Length = i % 2 == 0 ? 13 : 60;
            packets[i].Data.Clear();
        }
        Assert.Equal(5, device.TransmitOrDrop(packets));
        Assert.Equal(3, listener.Read("ixy.device.dropped", device.Name, "by=driver,direction=transmit"));
        Assert.Equal(3, listener.Read("ixy.queue.dropped", device.Name, "direction=transmit,queue=0"));
        Assert.Equal(0, listener.Read("ixy.queue.dropped", device.Name, "direction=receive,queue=0"));
    }

    // Inspecting packets that were not taken must not throw: those that were taken are gone.
    [Fact]
    public void WhatWasNotTakenAndAsksForTooMuchCountsAsRefused()
    {
        const string Name = "sim:mute";
        using var listener = new Listener();
        var function = new SimulatedPciDevice(Name, new IxgbeCard(new IxgbeCardOptions(), new FarEnd()));
        using var device = NetworkDevice.Open(
            new InterposedDevice(function) { IsMute = true },
            new() { RingSize = 64, PoolSize = 256, CheckedPools = true });
        var packets = new Packet[64];
        Assert.Equal(64, device.ReceiveQueues[0].Pool.Allocate(packets));
        for (int i = 0; i < packets.Length; i++)
        {
            packets[i].Length = 60;
            packets[i].Data.Clear();
        }
        packets[63].Flags = PacketFlags.InsertVlan;
        Assert.Equal(62, device.Transmit(packets.AsSpan(0, 62)));
        Assert.Equal(1, device.Transmit(packets.AsSpan(62)));
        Assert.Equal(1, listener.Read("ixy.queue.refused", Name, "direction=transmit,queue=0"));
        packets[63].Free();
    }

    [Fact]
    public void EveryQueueAndEveryDeviceIsThere()
    {
        using var listener = new Listener();
        using var first = Open(Loopback, new() { ReceiveQueues = 3, TransmitQueues = 2 });
        using (var second = Open(Loopback, new()))
        {
            var series = listener.ReadAll();
            var packets = series.Keys.Where(key => key.StartsWith("ixy.queue.packets", StringComparison.Ordinal))
                .Order();
            Assert.Equal(
                [
                    $"ixy.queue.packets device={Loopback} direction=receive,queue=0",
                    $"ixy.queue.packets device={Loopback} direction=receive,queue=1",
                    $"ixy.queue.packets device={Loopback} direction=receive,queue=2",
                    $"ixy.queue.packets device={Loopback} direction=transmit,queue=0",
                    $"ixy.queue.packets device={Loopback} direction=transmit,queue=1",
                    $"ixy.queue.packets device={Loopback}#2 direction=receive,queue=0",
                    $"ixy.queue.packets device={Loopback}#2 direction=transmit,queue=0",
                ], packets);
        }
        Assert.DoesNotContain(listener.ReadAll().Keys, key => key.Contains("#2", StringComparison.Ordinal));
    }

    [Fact]
    public void WithoutAListenerTheQueuesAreTheDriversOwn()
    {
        using var device = Open(Loopback, new());
        Assert.Equal("IxgbeVectorReceiveQueue", device.ReceiveQueues[0].GetType().Name);
        Assert.Equal("IxgbeVectorTransmitQueue", device.TransmitQueues[0].GetType().Name);
    }

    // Registers are cleared by reading, and several threads read them: nothing may be lost, counted twice or go back.
    [Fact]
    public void ManyMayReadAtOnce()
    {
        const int Packets = 20_000;
        using var device = Open(Loopback, new());
        using var end = new CancellationTokenSource();
        Thread[] readers = [.. Enumerable.Range(0, 3).Select(i => new Thread(() => Watch(device, i, end.Token)))];
        Array.ForEach(readers, reader => reader.Start());
        Exchange(device, Packets, batch: 32, length: 60);
        end.Cancel();
        Array.ForEach(readers, reader => reader.Join());
        Assert.Null(_failure);
        var counted = device.ReadStatistics();
        Assert.Equal((Packets, Packets), (counted.TxPackets, counted.RxPackets));
        Assert.Equal((Packets * 60, Packets * 60), (counted.TxBytes, counted.RxBytes));
    }

    // Devices open and close while another thread reads.
    [Fact]
    public void ReadersDoNotMindDevicesThatClose()
    {
        using var listener = new Listener();
        using var end = new CancellationTokenSource();
        var reader = new Thread(() => Try(() =>
        {
            while (!end.IsCancellationRequested) listener.ReadAll();
        }));
        reader.Start();
        for (int i = 0; i < 20; i++)
        {
            using var device = Open(i % 2 == 0 ? Loopback : Virtio, new() { RingSize = 64, PoolSize = 128 });
            Exchange(device, packets: 10, batch: 10, length: 60);
        }
        end.Cancel();
        reader.Join();
        Assert.Null(_failure);
    }

    [Fact]
    public void CountingBatchesAllocatesNothing()
    {
        using var listener = new Listener();
        using var device = Open(Loopback, new());
        Assert.Equal("CountingReceiveQueue", device.ReceiveQueues[0].GetType().Name);
        Exchange(device, packets: 1000, batch: 32, length: 60);
        var batch = new Packet[32];
        Allocations.None(() =>
        {
            int received = device.Receive(batch);
            PacketPool.Free(batch.AsSpan(0, received));
        }, 1000);
    }

    private static NetworkDevice Open(string specifier, NetworkDeviceOptions options)
    {
        Ixy.Simulation.SimulatedCards.Register();
        var device = NetworkDevice.Open(specifier, options);
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
        return device;
    }

    // Sends over a loopback and receives what comes back.
    private static void Exchange(NetworkDevice device, int packets, int batch, int length)
    {
        using var pool = new PacketPool(new() { Count = 2048, BufferSize = 2048 });
        byte[] frame = CaptureFiles.Frame(length, 1);
        pool.SetTemplate(frame);
        Span<Packet> outgoing = stackalloc Packet[32], incoming = stackalloc Packet[32];
        long start = Environment.TickCount64;
        for (int sent = 0, received = 0; received < packets;)
        {
            Assert.True(Environment.TickCount64 - start < 60_000, $"{received} of {sent} packets came back");
            // No more packets on the way than fit into a ring.
            if (sent < packets && sent - received <= 32)
            {
                int count = pool.Allocate(outgoing[..Math.Min(batch, packets - sent)]);
                int taken = device.Transmit(outgoing[..count]);
                PacketPool.Free(outgoing[taken..count]);
                sent += taken;
            }
            int came = device.Receive(incoming);
            PacketPool.Free(incoming[..came]);
            received += came;
        }
        while (!device.TransmitQueues[0].IsDrained) Thread.Yield();
    }

    private void Watch(NetworkDevice device, int reader, CancellationToken end) => Try(() =>
    {
        var last = default(DeviceStatistics);
        while (!end.IsCancellationRequested)
        {
            var now = device.ReadStatistics();
            Assert.True(
                now.RxPackets >= last.RxPackets && now.TxPackets >= last.TxPackets,
                $"reader {reader}: {last} and then {now}");
            last = now;
        }
    });

    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error)
        {
            _failure = error;
        }
    }
}
