using Ixy.Ixgbe;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>
/// Each fault that a card can have: what our drivers report, after how much virtual time, and that all resources are
/// returned afterwards; then the device goes on, or a new one does (docs/faults.md).
/// </summary>
[Collection(nameof(Alone))]
public sealed class DeviceFaultTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1), s_millisecond = TimeSpan.FromMilliseconds(1);

    public static TheoryData<string> CardsWith(string fault) => FaultBench.CardsWith(fault);

    [Theory]
    [MemberData(nameof(CardsWith), "link-flap")]
    public void ALinkThatFlapsIsSeenAndComesBackOnItsOwn(string card)
    {
        using var bench = new FaultBench(card);
        using var watch = new DeviceWatch(bench.Device);
        bench.Card.Inject("link-flap@5ms");
        bench.World.Advance(5 * s_millisecond);
        Assert.True(bench.Device.Link.IsUp);
        var down = bench.Measure(() => bench.World.AdvanceUntil(() => !bench.Device.Link.IsUp, s_second));
        Assert.InRange(down, TimeSpan.Zero, TimeSpan.FromMicroseconds(10));
        var up = bench.Measure(() => Assert.True(bench.Device.WaitForLink(5 * s_second)));
        Assert.InRange(up, 99 * s_millisecond, 130 * s_millisecond);
        bench.World.Advance(3 * s_second);
        Assert.Null(watch.Fault);
        bench.AssertPasses();
    }

    [Theory]
    [MemberData(nameof(CardsWith), "link-flap")]
    public void PacketsThatWaitForALinkAreNoHang(string card)
    {
        using var bench = new FaultBench(card);
        using var watch = new DeviceWatch(bench.Device);
        bench.Card.Inject(CardFault.LinkFlap, duration: 5 * s_second);
        bench.World.Advance(s_millisecond);
        bench.Send(10);
        bench.World.Advance(4 * s_second);
        Assert.Null(watch.Fault);
        bench.World.Advance(4 * s_second);
        Assert.Null(watch.Fault);
        bench.AssertPasses();
    }

    [Theory]
    [MemberData(nameof(CardsWith), "no-link")]
    public void ALinkThatNeverComesEndsTheWaitInTime(string card)
    {
        using var bench = new FaultBench(card);
        bench.Card.Inject(CardFault.NoLink);
        bench.World.Advance(s_millisecond);
        bool isUp = true;
        var time = bench.Measure(() => isUp = bench.Device.WaitForLink(s_second));
        Assert.False(isUp);
        Assert.InRange(time, s_second, s_second + 2 * s_millisecond);
        Assert.Equal(default, bench.Device.Link);
        bench.Device.CheckHealth();
        bench.Card.Mend(CardFault.NoLink);
        bench.AssertPasses();
    }

    [Theory]
    [MemberData(nameof(CardsWith), "gone")]
    public void ACardThatIsGoneIsReportedByEveryQuestion(string card)
    {
        var bench = new FaultBench(card) { BreaksRules = true };
        using (var watch = new DeviceWatch(bench.Device))
        {
            var told = new List<PciDeviceException>();
            watch.Found += told.Add;
            bench.Send(5);
            bench.Card.Inject("gone@100us");
            var time = bench.Measure(() => bench.World.AdvanceUntil(() => watch.Fault is not null, 10 * s_second));
            Assert.InRange(time, TimeSpan.Zero, s_second);
            Assert.IsType<DeviceGoneException>(watch.Fault);
            Assert.Contains("no longer answers", watch.Fault.Message);
            Assert.Throws<DeviceGoneException>(watch.ThrowIfFaulty);
            bench.World.Advance(5 * s_second);
            Assert.Single(told);
        }
        Assert.True(bench.Device.PciDevice.IsGone);
        Assert.Throws<DeviceGoneException>(() => bench.Device.Link);
        Assert.Throws<DeviceGoneException>(() => bench.Device.ReadStatistics());
        Assert.Throws<DeviceGoneException>(bench.Device.CheckHealth);
        Assert.Throws<DeviceGoneException>(bench.Device.Restart);
        Assert.InRange(bench.Measure(bench.EndWithoutAnswer), TimeSpan.Zero, 2 * s_second);
    }

    // A thread that only waits for packets makes no checks of its own.
    [Theory]
    [InlineData("ixgbe", false)]
    [InlineData("ixgbe", true)]
    [InlineData("virtio", false)]
    [InlineData("virtio", true)]
    [InlineData("virtio-legacy", true)]
    public void WhoWaitsForPacketsOfACardThatIsGoneLearnsOfIt(string card, bool interrupts)
    {
        var bench = new FaultBench(card, FaultBench.Options with { Interrupts = interrupts }) { BreaksRules = true };
        bench.Card.Inject("gone@1ms");
        var batch = new Packet[4];
        var time = bench.Measure(
            () => Assert.Throws<DeviceGoneException>(() => bench.Device.Receive(batch, TimeSpan.FromMinutes(1))));
        Assert.InRange(time, s_millisecond, 4 * s_second);
        bench.EndWithoutAnswer();
    }

    [Theory]
    [MemberData(nameof(CardsWith), "gone")]
    public void ACardThatIsGoneCannotBeOpened(string card)
    {
        var before = Resources.Now;
        var world = new VirtualWorld(1);
        Assert.Throws<DeviceGoneException>(
            () => world.Open($"sim:{card},wire=loopback,fault=gone", FaultBench.Options));
        Assert.Equal(before, Resources.Now);
    }

    [Theory]
    [MemberData(nameof(CardsWith), "gone")]
    public void ACardThatLeavesDuringSetUpLeavesNothingBehind(string card)
    {
        var before = Resources.Now;
        // At times when each of the drivers is still at work, up to the end of setup.
        foreach (int microseconds in (int[])[0, 1, 50, 5_000, 11_000])
        {
            var world = new VirtualWorld(1);
            var function = world.OpenCard($"sim:{card},wire=loopback");
            function.Inject(CardFault.Gone, TimeSpan.FromMicroseconds(microseconds));
            try
            {
                using var device = NetworkDevice.Open(function, FaultBench.Options);
                world.Advance(TimeSpan.FromMilliseconds(20));
                Assert.Throws<DeviceGoneException>(device.CheckHealth);
            }
            catch (PciDeviceException error)
            {
                Assert.IsType<DeviceGoneException>(error);
            }
            Assert.Equal(before, Resources.Now);
        }
    }

    [Theory]
    [MemberData(nameof(CardsWith), "reset-hangs")]
    public void AResetThatHangsEndsOpenInTime(string card)
    {
        var before = Resources.Now;
        var world = new VirtualWorld(1);
        // A legacy device, or one whose status is already 0, does not show the fault on the first open.
        var function = world.OpenCard($"sim:{card},wire=loopback");
        using (var first = NetworkDevice.Open(function, FaultBench.Options))
        {
            function.Inject(CardFault.ResetHangs);
            var start = world.Elapsed;
            var error = Assert.Throws<DeviceTimeoutException>(first.Restart);
            Assert.Contains("the end of the reset did not come within", error.Message);
            Assert.InRange(world.Elapsed - start, 100 * s_millisecond, 1.2 * s_second);
            // It can be retried, and the device says why it is stopped.
            Assert.Throws<DeviceTimeoutException>(first.Restart);
            Assert.Contains("last restart failed",
                Assert.Throws<DeviceNeedsResetException>(first.CheckHealth).Message);
        }
        Assert.Equal(before, Resources.Now);
        if (!card.StartsWith("ixgbe", StringComparison.Ordinal)) return;
        Assert.Throws<DeviceTimeoutException>(
            () => world.Open($"sim:{card},wire=loopback,fault=reset-hangs", FaultBench.Options));
        Assert.Equal(before, Resources.Now);
    }

    [Theory]
    [MemberData(nameof(CardsWith), "reset-hangs")]
    public void AfterAResetThatHungTheDeviceGoesOn(string card)
    {
        using var bench = new FaultBench(card);
        bench.AssertPasses();
        bench.Card.Inject(CardFault.ResetHangs);
        Assert.Throws<DeviceTimeoutException>(bench.Device.Restart);
        bench.Card.Mend(CardFault.ResetHangs);
        bench.Device.Restart();
        bench.AssertPasses();
        Assert.Equal(1, bench.Device.Faults.Restarts);
    }

    [Theory]
    [MemberData(nameof(CardsWith), "master-hangs")]
    public void AMasterThatDoesNotStopCostsATenthOfASecond(string card)
    {
        using var bench = new FaultBench(card);
        // A restart takes two resets: one to stop, one to start.
        var usual = bench.Measure(bench.Device.Restart);
        bench.AssertPasses();
        bench.Card.Inject(CardFault.MasterHangs);
        var time = bench.Measure(bench.Device.Restart);
        Assert.InRange(time - usual, 99 * s_millisecond, 110 * s_millisecond);
        bench.AssertPasses();
        bench.Card.Inject(CardFault.MasterHangs, duration: 10 * s_second);
        Assert.InRange(
            bench.Measure(bench.Device.Restart) - usual, 199 * s_millisecond, 220 * s_millisecond);
        bench.AssertPasses();
    }

    [Theory]
    [MemberData(nameof(CardsWith), "queue-hangs")]
    public void QueuesThatDoNotGoOffCostATenthOfASecondEach(string card)
    {
        using var bench = new FaultBench(card) { BreaksRules = true };
        var usual = bench.Measure(bench.Device.Restart);
        bench.AssertPasses();
        bench.Card.Inject(CardFault.QueueHangs);
        Assert.InRange(
            bench.Measure(bench.Device.Restart) - usual, 200 * s_millisecond, 220 * s_millisecond);
        bench.AssertPasses();
        bench.Card.Inject(CardFault.QueueHangs);
    }

    [Theory]
    [MemberData(nameof(CardsWith), "transmit-hang")]
    public void ATransmitHangIsFoundAndARestartEndsIt(string card)
    {
        using var bench = new FaultBench(card);
        using var watch = new DeviceWatch(bench.Device);
        bench.AssertPasses();
        bench.Card.Inject(CardFault.TransmitHang);
        bench.World.Advance(10 * s_second);
        // With nothing to send there is no hang.
        Assert.Null(watch.Fault);
        Assert.True(bench.Device.ReceiveQueues[0].Pool.TryAllocate(out var held));
        held.Length = 60;
        held.Data.Fill(0x5A);
        bench.Send(10);
        var time = bench.Measure(() => bench.World.AdvanceUntil(() => watch.Fault is not null, 10 * s_second));
        Assert.InRange(time, 2 * s_second, 4 * s_second);
        var error = Assert.Throws<DeviceNeedsResetException>(watch.ThrowIfFaulty);
        Assert.Contains("transmit queue 0 has stood still for ", error.Message);
        bench.World.Advance(10 * s_second);
        Assert.Equal(new DeviceFaults(TransmitHangs: 1, 0, 0, 0, 0, 0), bench.Device.Faults);
        long packets = bench.Device.TransmitQueues[0].Packets, received = bench.Device.ReceiveQueues[0].Packets;

        bench.Device.Restart();
        Assert.Null(watch.Fault);
        Assert.Equal(0, bench.Device.TransmitQueues[0].Pending);
        Assert.Equal((packets, received),
            (bench.Device.TransmitQueues[0].Packets, bench.Device.ReceiveQueues[0].Packets));
        // The application's packet is unchanged, and can be sent.
        Assert.Equal(Enumerable.Repeat((byte)0x5A, 60), held.Data.ToArray());
        Assert.True(bench.Device.WaitForLink(5 * s_second));
        Assert.Equal(1, bench.Device.Transmit([held]));
        var frames = new List<byte[]>();
        Assert.True(bench.World.AdvanceUntil(() => bench.Take(frames.Add) > 0, s_second));
        Assert.Equal(Enumerable.Repeat((byte)0x5A, 60), Assert.Single(frames));
        bench.AssertPasses();
        bench.World.Advance(10 * s_second);
        Assert.Null(watch.Fault);
        Assert.Equal(new DeviceFaults(TransmitHangs: 1, 0, 0, 0, 0, Restarts: 1), bench.Device.Faults);
    }

    // The first frame is received without sleeping, or its interrupt arrives. The second frame's interrupt is lost in
    // either case, because it is the first message after the fault begins.
    [Theory]
    [MemberData(nameof(CardsWith), "lost-interrupt")]
    public void ALostInterruptCostsASecond(string card)
    {
        using var bench = new FaultBench(
            card, FaultBench.Options with { Interrupts = true }, wire: "generator,rate=10pps,count=3");
        var batch = new Packet[4];
        Receive();
        bench.Card.Inject(CardFault.LostInterrupt, duration: 150 * s_millisecond);
        var time = bench.Measure(Receive);
        Assert.InRange(time, s_second, 1.1 * s_second);
        Assert.Equal(1, bench.Device.Faults.LostInterrupts);

        void Receive()
        {
            int received = bench.Device.Receive(batch, TimeSpan.FromMinutes(1));
            Assert.InRange(received, 1, 3);
            PacketPool.Free(batch.AsSpan(0, received));
        }
    }

    [Theory]
    [MemberData(nameof(CardsWith), "dma-refused")]
    public void RefusedDmaShowsInTransmitQueuesOrTheStatus(string card)
    {
        using var bench = new FaultBench(card);
        using var watch = new DeviceWatch(bench.Device);
        bench.AssertPasses();
        bench.Card.Inject(CardFault.DmaRefused);
        bench.Send(10);
        var time = bench.Measure(() => bench.World.AdvanceUntil(() => watch.Fault is not null, 10 * s_second));
        Assert.InRange(time, TimeSpan.Zero, 4 * s_second);
        Assert.Throws<DeviceNeedsResetException>(watch.ThrowIfFaulty);
        // A legacy device has no status bit for this, nor has an 82599.
        bool saysSo = card.StartsWith("virtio", StringComparison.Ordinal) && card != "virtio-legacy";
        Assert.Equal(saysSo ? 1 : 0, bench.Device.Faults.DeviceErrors);
        Assert.Equal(saysSo ? 0 : 1, bench.Device.Faults.TransmitHangs);
        bench.Card.Mend(CardFault.DmaRefused);
        bench.Device.Restart();
        bench.AssertPasses();
    }

    [Theory]
    [MemberData(nameof(CardsWith), "bad-length")]
    public void AFrameWhoseLengthIsALieIsDroppedAndCounted(string card)
    {
        using var bench = new FaultBench(card);
        bench.Card.Inject(CardFault.BadLength);
        bench.Send(1);
        bench.World.Advance(s_millisecond);
        Assert.Equal(0, bench.Take());
        Assert.Equal(1, bench.Device.ReceiveQueues[0].Dropped);
        Assert.Equal(1, bench.Device.ReadStatistics().RxDropped);
        bench.AssertPasses();
        bench.Card.Inject(CardFault.BadLength, duration: s_millisecond);
        bench.Send(20);
        bench.World.Advance(2 * s_millisecond);
        Assert.InRange(bench.Take(), 0, 19);
        Assert.InRange(bench.Device.ReceiveQueues[0].Dropped, 2, 21);
        bench.AssertPasses();
    }

    // The bad frame runs on to the end of the next one.
    [Theory]
    [MemberData(nameof(CardsWith), "bad-status")]
    public void ABadFrameThatDoesNotEndIsDroppedWithTheNext(string card)
    {
        using var bench = new FaultBench(card);
        bench.Card.Inject(CardFault.BadStatus);
        bench.Send(1);
        bench.World.Advance(s_millisecond);
        bench.Send(1);
        bench.World.Advance(s_millisecond);
        Assert.Equal(0, bench.Take());
        Assert.Equal(1, bench.Device.ReceiveQueues[0].Dropped);
        bench.AssertPasses();
    }

    [Theory]
    [MemberData(nameof(CardsWith), "bad-id")]
    public void AReceivedBufferThatThereIsNotIsReported(string card)
    {
        using var bench = new FaultBench(card, wire: "generator,rate=100kpps,count=40");
        bench.Card.Inject(CardFault.BadId);
        int taken = 0;
        var error = Assert.Throws<DeviceProtocolException>(
            () => bench.World.AdvanceUntil(() => (taken += bench.Take()) > 40, s_second));
        Assert.Contains("65535", error.Message);
        Assert.Throws<DeviceProtocolException>(() => bench.Take());
        bench.Device.Restart();
        bench.World.Advance(s_millisecond);
        Assert.InRange(bench.Take(), 20, 40);
    }

    [Theory]
    [MemberData(nameof(CardsWith), "bad-id")]
    public void ASentBufferThatThereIsNotIsReported(string card)
    {
        using var bench = new FaultBench(card);
        bench.Card.Inject(CardFault.BadId);
        bench.Send(200);
        bench.World.Advance(s_millisecond);
        var packets = new Packet[8];
        Assert.Equal(8, bench.Device.ReceiveQueues[0].Pool.Allocate(packets));
        foreach (ref var packet in packets.AsSpan()) packet.Length = 60;
        var error = Assert.Throws<DeviceProtocolException>(() => bench.Device.Transmit(packets));
        Assert.Contains("65535", error.Message);
        PacketPool.Free(packets);
        bench.Device.Restart();
        bench.AssertPasses();
    }

    [Theory]
    [InlineData("ixgbe")]
    public void AWrongEepromIsFoundByWhoLooks(string card)
    {
        using var bench = new FaultBench(card);
        var device = (IxgbeDevice)bench.Device;
        device.VerifyEeprom();
        bench.Card.Inject(CardFault.EepromChecksum);
        var error = Assert.Throws<DeviceProtocolException>(device.VerifyEeprom);
        Assert.Contains("expected 0xbaba", error.Message);
        bench.AssertPasses();
        bench.Card.Mend(CardFault.EepromChecksum);
        device.VerifyEeprom();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AMemoryErrorIsFoundAndARestartEndsIt(bool interrupts)
    {
        using var bench = new FaultBench("ixgbe", FaultBench.Options with { Interrupts = interrupts });
        using var watch = new DeviceWatch(bench.Device);
        bench.Card.Inject("memory-error@1ms");
        var time = bench.Measure(() => bench.World.AdvanceUntil(() => watch.Fault is not null, 10 * s_second));
        Assert.InRange(time, TimeSpan.Zero, s_second);
        Assert.Contains("EICR.ECC", Assert.Throws<DeviceNeedsResetException>(watch.ThrowIfFaulty).Message);
        // Checking does not clear it.
        Assert.Throws<DeviceNeedsResetException>(bench.Device.CheckHealth);
        Assert.Equal(1, bench.Device.Faults.MemoryErrors);
        bench.Device.Restart();
        bench.AssertPasses();
    }

    // Reading the causes must not clear those of a queue.
    [Fact]
    public void WhoLooksTakesNoInterruptFromASleeper()
    {
        using var bench = new FaultBench(
            "ixgbe", FaultBench.Options with { Interrupts = true }, wire: "generator,rate=10pps,count=20");
        using var watch = new DeviceWatch(bench.Device, TimeSpan.FromMicroseconds(7));
        var batch = new Packet[4];
        for (int i = 0; i < 20; i++)
        {
            var time = bench.Measure(() => Assert.Equal(1, bench.Device.Receive(batch, TimeSpan.FromMinutes(1))));
            Assert.InRange(time, TimeSpan.Zero, 101 * s_millisecond);
            batch[0].Free();
        }
        Assert.Equal(0, bench.Device.Faults.LostInterrupts);
    }

    [Theory]
    [MemberData(nameof(CardsWith), "reset")]
    public void AResetThatNobodyAskedForIsFound(string card)
    {
        using var bench = new FaultBench(card);
        using var watch = new DeviceWatch(bench.Device);
        bench.AssertPasses();
        bench.Card.Inject("reset@1ms");
        var time = bench.Measure(() => bench.World.AdvanceUntil(() => watch.Fault is not null, 10 * s_second));
        Assert.InRange(time, TimeSpan.Zero, s_second);
        Assert.Contains("was reset, and not by this driver",
            Assert.Throws<DeviceNeedsResetException>(watch.ThrowIfFaulty).Message);
        Assert.Equal(1, bench.Device.Faults.UnaskedResets);
        bench.Device.Restart();
        bench.AssertPasses();
    }

    [Theory]
    [MemberData(nameof(CardsWith), "needs-reset")]
    public void ADeviceThatNeedsAResetSaysSo(string card)
    {
        using var bench = new FaultBench(card);
        using var watch = new DeviceWatch(bench.Device);
        bench.Card.Inject("needs-reset@1ms");
        var time = bench.Measure(() => bench.World.AdvanceUntil(() => watch.Fault is not null, 10 * s_second));
        Assert.InRange(time, TimeSpan.Zero, s_second);
        Assert.Throws<DeviceNeedsResetException>(() => bench.Device.Link);
        Assert.Throws<DeviceNeedsResetException>(() => bench.Device.ReadStatistics());
        Assert.Equal(1, bench.Device.Faults.DeviceErrors);
        bench.Device.Restart();
        bench.AssertPasses();
    }
}
