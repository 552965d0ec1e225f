using Ixy.Addresses;
using Ixy.Checks;
using Ixy.Ixgbe;
using Ixy.Simulation.Virtio;

namespace Ixy.Tests.Checks;

/// <summary>Checked queues detect two threads that are in one of them at the same time.</summary>
public sealed class CheckedQueueTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(20);

    [Fact]
    public void TheSecondThreadIsToldBothNamesAndTheFirstGoesOn()
    {
        using var slow = new SlowQueue();
        var queue = new CheckedReceiveQueue(slow, "receive queue 3 of sim:test");
        int received = 0;
        var first = new Thread(() => received = queue.Receive(new Packet[1])) { Name = "first", IsBackground = true };
        first.Start();
        slow.Entered.Wait();

        Exception? misuse = null;
        var second = new Thread(
            () => misuse = Record.Exception(() => queue.Receive(new Packet[1])))
        {
            Name = "second",
            IsBackground = true
        };
        second.Start();
        Assert.True(second.Join(s_long), "the second thread was let in");
        Assert.IsType<PacketMisuseException>(misuse);
        Assert.StartsWith(
            "receive queue 3 of sim:test is used by two threads at once: thread 'second'", misuse.Message);
        Assert.Contains("while thread 'first'", misuse.Message);

        slow.MayLeave.Set();
        first.Join();
        Assert.Equal(1, received);
        // Consecutive use is not misuse; neither is a call after one that failed.
        Assert.Equal(1, queue.Receive(new Packet[1]));
        slow.Fails = true;
        Assert.Throws<InvalidDataException>(() => queue.Receive(new Packet[1]));
        slow.Fails = false;
        Assert.Equal(1, queue.Receive(new Packet[1]));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void TwoThreadsThatPollOneQueueOfADriverMeet(bool virtio, bool transmit)
    {
        using var bench = virtio ? new DriverBench(null, new VirtioCardOptions()) : new DriverBench();
        var device = bench.Device;
        string name = $"{(transmit ? "transmit" : "receive")} queue 0 of {bench.Device.Name}";
        PacketMisuseException? misuse = null;
        bool stops = false;
        // One thread alone is not misuse, however often it calls.
        for (int i = 0; i < 3; i++)
            Assert.Equal(0, transmit ? device.Transmit([]) : device.ReceiveQueues[0].Receive([]));
        void Poll()
        {
            try
            {
                while (Volatile.Read(ref misuse) is null && !Volatile.Read(ref stops))
                    _ = transmit ? device.Transmit([]) : device.ReceiveQueues[0].Receive([]);
            }
            catch (PacketMisuseException found)
            {
                Volatile.Write(ref misuse, found);
            }
        }
        Thread[] threads = [new(Poll), new(Poll)];
        foreach (var thread in threads) thread.Start();
        _ = threads[0].Join(s_long);
        // Whatever happened, the threads must finish before the device does.
        Volatile.Write(ref stops, true);
        foreach (var thread in threads) thread.Join();
        Assert.True(misuse is not null, "they have not met");
        Assert.StartsWith(name, misuse.Message);
    }

    [Fact]
    public void WithoutChecksNothingStandsBetweenTheApplicationAndTheDriver()
    {
        using var bench = new DriverBench(new() { CheckedPools = false });
        Assert.IsAssignableFrom<IxgbeReceiveQueue<VirtualAddresses, NoOffloads>>(bench.Device.ReceiveQueues[0]);
        Assert.IsAssignableFrom<IxgbeTransmitQueue<VirtualAddresses>>(bench.Device.TransmitQueues[0]);
    }

    // One packet from the fast path, one with an offload request. The pool may go first: the card's buffers are no
    // leaks.
    [Theory]
    [InlineData("ixgbe")]
    [InlineData("split")]
    [InlineData("packed")]
    public void WhatAnUncheckedDeviceTookOfACheckedPoolIsNoLeak(string card)
    {
        var options = new NetworkDeviceOptions { CheckedPools = false, Offloads = Offloads.VlanInsert };
        using var bench = card == "ixgbe" ? new DriverBench(options)
            : new DriverBench(options, new VirtioCardOptions { IsPacked = card == "packed" });
        var pool = new PacketPool(new() { Count = 16, Checked = true, Name = "checked" });
        foreach (var flags in (PacketFlags[])[PacketFlags.None, PacketFlags.InsertVlan])
        {
            Assert.True(pool.TryAllocate(out var packet));
            (packet.Length, packet.Flags) = (60, flags);
            Assert.Equal(1, bench.Device.Transmit([packet]));
        }
        Assert.True(pool.TryAllocate(out var kept));
        Assert.StartsWith(
            "1 packets of checked were never given back", Assert.Throws<PacketMisuseException>(pool.Dispose).Message);
        kept.Free();
    }

    [Fact]
    public void ACheckedQueueCountsLikeTheOneItWatches()
    {
        using var bench = new DriverBench();
        bench.Wire.Deliver(DriverBench.Frames(10));
        bench.Receive(10);
        DriverBench.Send(bench.Device.TransmitQueues[0], bench.Device.ReceiveQueues[0].Pool, DriverBench.Frames(5));
        Assert.Equal((10, 0), (bench.Device.ReceiveQueues[0].Packets, bench.Device.ReceiveQueues[0].Dropped));
        Assert.Equal((5, 5), (bench.Device.TransmitQueues[0].Packets, bench.Device.TransmitQueues[0].Pending));
        DriverBench.Until(() => bench.Device.TransmitQueues[0].IsDrained, "drained");
    }

    private sealed class SlowQueue : ReceiveQueue, IDisposable
    {
        internal ManualResetEventSlim Entered { get; } = new();

        internal ManualResetEventSlim MayLeave { get; } = new();

        internal bool Fails { get; set; }

        private readonly PacketPool _pool = new(new() { Count = 1, Checked = false });
        private readonly Packet _packet;

        internal SlowQueue() => Assert.True(_pool.TryAllocate(out _packet));

        public override PacketPool Pool => _pool;

        public override long Packets => 0;

        public override long Dropped => 0;

        internal override bool HasArrivals => true;

        internal override void Arm() => throw new NotSupportedException();

        internal override void Disarm() => throw new NotSupportedException();

        public override int Receive(Span<Packet> batch)
        {
            Entered.Set();
            MayLeave.Wait();
            if (Fails) throw new InvalidDataException();
            batch[0] = _packet;
            return 1;
        }

        public void Dispose()
        {
            _packet.Free();
            _pool.Dispose();
            Entered.Dispose();
            MayLeave.Dispose();
        }
    }
}
