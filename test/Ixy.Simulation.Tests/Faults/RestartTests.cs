using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>A restarted device is as before: its queues, counters, options, filters and interrupts.</summary>
[Collection(nameof(Alone))]
public sealed class RestartTests
{
    private static readonly MacAddress s_own = new(0x02_11_22_33_44_55), s_other = new(0x02_AA_BB_CC_DD_01),
        s_group = new(0x01_00_5E_01_02_03), s_stranger = new(0x02_66_66_66_66_66);

    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    public static TheoryData<string> Cards => ["ixgbe", "ixgbe,model=x550", "virtio", "virtio,packed=on",
        "virtio-legacy"];

    // A check while the card is coming back may find it gone; a successful restart clears that.
    [Theory]
    [InlineData("ixgbe")]
    [InlineData("ixgbe,model=x550")]
    public void ACardThatWasGoneForAWhileGoesOnAfterARestart(string card)
    {
        using var bench = new FaultBench(card) { BreaksRules = true };
        bench.AssertPasses();
        var before = bench.Device.ReadStatistics();
        bench.Card.Inject(CardFault.Gone, duration: TimeSpan.FromMilliseconds(5));
        bench.World.Advance(TimeSpan.FromMilliseconds(2));
        Assert.Throws<DeviceGoneException>(bench.Device.CheckHealth);
        Assert.Throws<DeviceGoneException>(bench.Device.Restart);
        // The reported cause is the missing card, not the failed restart.
        Assert.Throws<DeviceGoneException>(bench.Device.CheckHealth);
        bench.World.Advance(TimeSpan.FromMilliseconds(10));
        bench.Device.Restart();
        bench.Device.CheckHealth();
        Assert.InRange(bench.Device.ReadStatistics().RxPackets, before.RxPackets, long.MaxValue);
        bench.AssertPasses();
    }

    // In the middle of traffic, at many positions in the rings, with packets everywhere.
    [Theory]
    [MemberData(nameof(Cards))]
    public void TrafficGoesOnAfterEachOfManyRestarts(string card)
    {
        using var bench = new FaultBench(card);
        long sent = 0;
        for (int round = 0; round < 20; round++)
        {
            bench.AssertPasses(37 * round + 1);
            bench.Send(23);
            bench.World.Advance(TimeSpan.FromTicks(7 * round));
            sent += 37 * round + 1 + 23;
            bench.Device.Restart();
            Assert.Equal(0, bench.Device.TransmitQueues[0].Pending);
            Assert.Equal(sent, bench.Device.TransmitQueues[0].Packets);
        }
        bench.AssertPasses();
        Assert.Equal(20, bench.Device.Faults.Restarts);
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void CardsWithAllTheirFreedomGoOn(string card)
    {
        for (ulong seed = 0; seed < 8; seed++)
        {
            using var bench = new FaultBench($"{card},behaviour=perverse,seed={seed}", seed: seed);
            for (int round = 0; round < 3; round++)
            {
                bench.AssertPasses(300);
                bench.Send(23);
                bench.World.Advance(TimeSpan.FromTicks(11 * round));
                bench.Device.Restart();
            }
            bench.AssertPasses(300);
        }
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void FiltersModesAndTheAddressStay(string card)
    {
        using var bench = new FaultBench(card, FaultBench.Options with { Promiscuous = false });
        bench.Device.MacAddress = s_own;
        bench.Device.AddUnicastFilter(s_other);
        bench.Device.AddMulticastFilter(s_group);
        AssertFilters();
        bench.Device.Restart();
        AssertFilters();
        bench.Device.AllMulticast = true;
        bench.Device.Promiscuous = true;
        bench.Device.Restart();
        Assert.True(bench.Device.AllMulticast && bench.Device.Promiscuous);
        Assert.Equal([true, true, true, true], Comes(s_own, s_other, s_group, s_stranger));

        void AssertFilters()
        {
            Assert.Equal(s_own, bench.Device.MacAddress);
            Assert.Equal([true, true, true, false], Comes(s_own, s_other, s_group, s_stranger));
        }

        bool[] Comes(params MacAddress[] addresses)
        {
            Assert.True(bench.Device.WaitForLink(5 * s_second));
            return [.. addresses.Select(address =>
            {
                Assert.True(bench.Device.ReceiveQueues[0].Pool.TryAllocate(out var packet));
                packet.Length = 60;
                DriverBench.Frame(1).CopyTo(packet.Data);
                address.CopyTo(packet.Data);
                Assert.Equal(1, bench.Device.Transmit([packet]));
                bench.World.Advance(TimeSpan.FromMilliseconds(1));
                return bench.Take() == 1;
            })];
        }
    }

    [Theory]
    [InlineData("ixgbe")]
    [InlineData("virtio,queues=4")]
    [InlineData("virtio,queues=4,packed=on")]
    public void SeveralQueuesWithInterruptsGoOn(string card)
    {
        using var bench = new FaultBench(card, FaultBench.Options with
        {
            ReceiveQueues = 4,
            TransmitQueues = 4,
            Interrupts = true,
            Offloads = Offloads.ReceiveChecksum | Offloads.TransmitChecksum,
        }, wire: "generator,rate=1kpps,flows=64");
        for (int round = 0; round < 3; round++)
        {
            using var waiter = new QueueWaiter(bench.Device.ReceiveQueues);
            Assert.True(bench.Device.WaitForLink(5 * s_second));
            long waits = bench.Device.ReceiveQueues.Sum(queue => queue.Waits);
            for (int received = 0; received < 100;)
            {
                Assert.True(waiter.Wait(s_second));
                received += bench.Take();
                // Polling takes time, as it does under heavy load.
                bench.World.Advance(TimeSpan.FromMicroseconds(1));
            }
            Assert.True(bench.Device.ReceiveQueues.Sum(queue => queue.Waits) > waits);
            bench.Device.Restart();
        }
        Assert.Equal(0, bench.Device.Faults.LostInterrupts);
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void CountersGoOn(string card)
    {
        using var bench = new FaultBench(card);
        bench.AssertPasses(100);
        var before = bench.Device.ReadStatistics();
        Assert.Equal((100, 100), (before.RxPackets, before.TxPackets));
        bench.Device.Restart();
        Assert.Equal(before, bench.Device.ReadStatistics());
        bench.AssertPasses(100);
        var after = bench.Device.ReadStatistics();
        Assert.Equal((200, 200, 2 * before.RxBytes), (after.RxPackets, after.TxPackets, after.RxBytes));
    }

    [Fact]
    public void ADeviceThatWasDisposedIsNotRestarted()
    {
        var device = new VirtualWorld(1).Open("sim:virtio,wire=loopback");
        device.Dispose();
        Assert.Throws<ObjectDisposedException>(device.Restart);
        Assert.Throws<ObjectDisposedException>(device.CheckHealth);
    }

    [Fact]
    public void ADeviceOnWhichSomebodySleepsIsNotRestarted()
    {
        using var bench = new FaultBench("virtio", FaultBench.Options with { Interrupts = true });
        using var waiter = new QueueWaiter(bench.Device.ReceiveQueues);
        bench.World.Advance(s_second);
        Assert.True(waiter.TryBeginSleep());
        Assert.Contains("wake it before", Assert.Throws<InvalidOperationException>(bench.Device.Restart).Message);
        waiter.EndSleep();
        bench.Device.Restart();
        bench.AssertPasses();
    }
}
