using Ixy.Ixgbe;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>
/// What docs/faults.md promises of each fault, on whichever transport: the exception, event or counter, and what ends
/// it. Each begins with a device that works, and ends with one, or with none if it was lost.
/// </summary>
internal static class ExpectedFaults
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    /// <summary>By the fault's name.</summary>
    internal static IReadOnlyDictionary<string, Action<TransportBench>> All { get; } =
        new Dictionary<string, Action<TransportBench>>
        {
            ["link-flap"] = LinkFlaps,
            ["no-link"] = LinkStaysDown,
            ["gone"] = IsGone,
            ["reset-hangs"] = ResetHangs,
            ["master-hangs"] = bench => TakesLonger(bench, CardFault.MasterHangs, 0.1 * s_second),
            ["queue-hangs"] = bench => TakesLonger(bench, CardFault.QueueHangs, 0.2 * s_second),
            ["transmit-hang"] = TransmitHangs,
            ["lost-interrupt"] = InterruptIsLost,
            ["dma-refused"] = DmaIsRefused,
            ["bad-length"] = bench => IsDropped(bench, CardFault.BadLength, frames: 1),
            // The end of the frame is the next one's.
            ["bad-status"] = bench => IsDropped(bench, CardFault.BadStatus, frames: 2),
            ["bad-id"] = IdIsImpossible,
            ["eeprom-checksum"] = ChecksumIsWrong,
            ["memory-error"] = bench => NeedsReset(bench, "memory-error", "EICR.ECC", faults => faults.MemoryErrors),
            ["reset"] = bench => NeedsReset(
                bench, "reset", "was reset, and not by this driver", faults => faults.UnaskedResets),
            ["needs-reset"] = DeviceNeedsReset,
            ["unplug"] = bench => IsTakenAway<DeviceRequestedException>(bench, "unplug"),
            ["bus-error"] = bench => IsTakenAway<DeviceGoneException>(bench, "bus-error"),
            ["server-stalls"] = ServerStalls,
            ["server-dies"] = ServerDies,
            ["disk-full"] = DiskIsFull,
        };

    private static void LinkFlaps(TransportBench bench)
    {
        bench.Inject("link-flap/60s");
        DriverBench.Until(() => !bench.Device.Link.IsUp, "the link is down");
        bench.Device.CheckHealth();
        bench.Mend(CardFault.LinkFlap);
        Assert.True(bench.Device.WaitForLink(10 * s_second), "no link");
    }

    private static void LinkStaysDown(TransportBench bench)
    {
        bench.Inject("no-link");
        DriverBench.Until(() => !bench.Device.Link.IsUp, "the link is down");
        bench.Clock.PerLook = 0.1 * s_second;
        Assert.False(bench.Device.WaitForLink(s_second));
        bench.Clock.PerLook = TimeSpan.Zero;
        Assert.Equal(default, bench.Device.Link);
        bench.Device.CheckHealth();
        bench.Mend(CardFault.NoLink);
    }

    private static void IsGone(TransportBench bench)
    {
        bench.BreaksRules = true;
        bench.Send(5);
        bench.Inject("gone");
        Assert.IsType<DeviceGoneException>(bench.AwaitFault());
        // What had arrived before is still received.
        bench.Take();
        Assert.True(bench.Device.PciDevice.IsGone);
        Assert.Throws<DeviceGoneException>(() => bench.Device.Link);
        Assert.Throws<DeviceGoneException>(() => bench.Device.ReadStatistics());
        Assert.Throws<DeviceGoneException>(bench.Device.CheckHealth);
        Assert.Throws<DeviceGoneException>(() => bench.Device.Receive(new Packet[1], Timeout.InfiniteTimeSpan));
        Assert.Throws<DeviceGoneException>(bench.Device.Restart);
        bench.Clock.PerLook = 0.1 * s_second;
        bench.CloseDevice();
        bench.Clock.PerLook = TimeSpan.Zero;
        bench.Mend(CardFault.Gone);
    }

    private static void ResetHangs(TransportBench bench)
    {
        bench.BreaksRules = true;
        bench.Inject("reset-hangs");
        bench.Clock.PerLook = 0.1 * s_second;
        var error = Assert.Throws<DeviceTimeoutException>(bench.Device.Restart);
        Assert.Contains("the end of the reset did not come within", error.Message);
        Assert.Throws<DeviceTimeoutException>(bench.Device.Restart);
        Assert.Contains("last restart failed",
            Assert.Throws<DeviceNeedsResetException>(bench.Device.CheckHealth).Message);
        // Without an answer too.
        bench.CloseDevice();
        bench.Mend(CardFault.ResetHangs);
        bench.Clock.PerLook = TimeSpan.Zero;
        bench.Open();
        bench.Inject("reset-hangs");
        bench.Clock.PerLook = 0.1 * s_second;
        Assert.Throws<DeviceTimeoutException>(bench.Device.Restart);
        bench.Mend(CardFault.ResetHangs);
        bench.Clock.PerLook = TimeSpan.Zero;
        bench.Device.Restart();
    }

    private static void TakesLonger(TransportBench bench, CardFault fault, TimeSpan least)
    {
        bench.BreaksRules = true;
        bench.Inject(fault.Name);
        long start = bench.Clock.GetTimestamp();
        bench.Device.Restart();
        Assert.InRange(bench.Clock.GetElapsedTime(start), least, TimeSpan.MaxValue);
        bench.Device.CheckHealth();
    }

    private static void TransmitHangs(TransportBench bench)
    {
        bench.Inject("transmit-hang");
        bench.Send(10);
        bench.Clock.PerLook = 0.2 * s_second;
        Assert.Contains("transmit queue 0 has stood still for ",
            Assert.IsType<DeviceNeedsResetException>(bench.AwaitFault()).Message);
        bench.Clock.PerLook = TimeSpan.Zero;
        Assert.Equal(1, bench.Device.Faults.TransmitHangs);
        bench.Device.Restart();
        Assert.Equal(0, bench.Device.TransmitQueues[0].Pending);
    }

    private static void InterruptIsLost(TransportBench bench)
    {
        var packet = bench.Allocate(1);
        var queue = bench.Device.ReceiveQueues[0];
        long waits = queue.Waits;
        var batch = new Packet[4];
        var sleeper = Task.Run(() => bench.Device.Receive(batch, TimeSpan.FromMinutes(1)));
        DriverBench.Until(() => queue.Waits > waits, "sleep");
        bench.Inject("lost-interrupt");
        Assert.Equal(1, bench.Device.Transmit(packet));
        Assert.Equal(1, sleeper.Result);
        batch[0].Free();
        Assert.Equal(1, bench.Device.Faults.LostInterrupts);
    }

    // A legacy device has no bit to say so, nor has an 82599.
    private static void DmaIsRefused(TransportBench bench)
    {
        bench.Inject("dma-refused");
        bench.Send(10);
        if (!bench.IsModernVirtio) bench.Clock.PerLook = 0.2 * s_second;
        Assert.IsType<DeviceNeedsResetException>(bench.AwaitFault());
        bench.Clock.PerLook = TimeSpan.Zero;
        var faults = bench.Device.Faults;
        Assert.Equal(bench.IsModernVirtio ? (1, 0) : (0, 1), (faults.DeviceErrors, faults.TransmitHangs));
        bench.Mend(CardFault.DmaRefused);
        bench.Device.Restart();
    }

    private static void IsDropped(TransportBench bench, CardFault fault, int frames)
    {
        bench.Inject(fault.Name);
        bench.Send(frames);
        int taken = 0;
        DriverBench.Until(() =>
        {
            taken += bench.Take();
            return bench.Device.ReceiveQueues[0].Dropped > 0;
        }, "a dropped frame");
        Assert.Equal((0, 1), (taken, bench.Device.ReceiveQueues[0].Dropped));
        Assert.Equal(1, bench.Device.ReadStatistics().RxDropped);
    }

    private static void IdIsImpossible(TransportBench bench)
    {
        bench.Inject("bad-id");
        bench.Send(200);
        var packets = bench.Allocate(1);
        Exception? error = null;
        DriverBench.Until(() =>
        {
            error = Record.Exception(() =>
            {
                bench.Take();
                if (bench.Device.Transmit(packets) == 1) packets = bench.Allocate(1);
            });
            return error is not null;
        }, "an impossible id");
        Assert.Contains("65535", Assert.IsType<DeviceProtocolException>(error).Message);
        packets[0].Free();
        bench.Device.Restart();
    }

    private static void ChecksumIsWrong(TransportBench bench)
    {
        var device = (IxgbeDevice)bench.Device;
        device.VerifyEeprom();
        bench.Inject("eeprom-checksum");
        Assert.Contains("expected 0xbaba", Assert.Throws<DeviceProtocolException>(device.VerifyEeprom).Message);
        device.CheckHealth();
        bench.Mend(CardFault.EepromChecksum);
        device.VerifyEeprom();
    }

    private static void NeedsReset(
        TransportBench bench, string fault, string message, Func<DeviceFaults, long> counter)
    {
        bench.Inject(fault);
        Assert.Contains(message, Assert.IsType<DeviceNeedsResetException>(bench.AwaitFault()).Message);
        Assert.Equal(1, counter(bench.Device.Faults));
        bench.Device.Restart();
    }

    private static void DeviceNeedsReset(TransportBench bench)
    {
        bench.Inject("needs-reset");
        Assert.Throws<DeviceNeedsResetException>(() => bench.Device.Link);
        Assert.Throws<DeviceNeedsResetException>(() => bench.Device.ReadStatistics());
        Assert.IsType<DeviceNeedsResetException>(bench.AwaitFault());
        Assert.Equal(1, bench.Device.Faults.DeviceErrors);
        bench.Device.Restart();
    }

    // The card itself goes on, so it keeps the rules until it is closed.
    private static void IsTakenAway<TException>(TransportBench bench, string fault)
    {
        bench.Send(5);
        bench.Inject(fault);
        Assert.IsType<TException>(bench.AwaitFault());
        Assert.True(bench.Device.PciDevice.IsGone);
        Assert.IsType<TException>(Record.Exception(bench.Device.CheckHealth));
        Assert.IsType<TException>(Record.Exception(bench.Device.Restart));
        bench.CloseDevice();
    }

    private static void ServerStalls(TransportBench bench)
    {
        // One that goes on in time is only late.
        bench.Inject("server-stalls/20ms");
        bench.AssertPasses();
        bench.Send(5);
        bench.Inject("server-stalls");
        Assert.Contains("has not answered", Assert.Throws<DeviceTimeoutException>(bench.Device.CheckHealth).Message);
        Assert.True(bench.Device.PciDevice.IsGone);
        Assert.Throws<DeviceTimeoutException>(bench.Device.Restart);
        bench.CloseDevice();
        bench.Mend(CardFault.ServerStalls);
    }

    private static void ServerDies(TransportBench bench)
    {
        bench.Send(5);
        bench.Inject("server-dies");
        Assert.IsType<VfioUserDisconnectedException>(bench.AwaitFault());
        bench.Take();
        Assert.True(bench.Device.PciDevice.IsGone);
        Assert.Throws<VfioUserDisconnectedException>(() => bench.Device.Link);
        Assert.Throws<VfioUserDisconnectedException>(
            () => bench.Device.Receive(new Packet[1], Timeout.InfiniteTimeSpan));
        Assert.Throws<VfioUserDisconnectedException>(bench.Device.Restart);
        bench.CloseDevice();
    }

    private static void DiskIsFull(TransportBench bench)
    {
        bench.AssertPasses();
        Assert.Null(bench.Wire.Fault);
        bench.Inject("disk-full");
        DriverBench.Until(() => bench.Wire.Fault is not null, "a full disk");
        Assert.Contains("No space left on device", bench.Wire.Fault);
        Assert.Equal(0, bench.Wire.Statistics.Dropped);
        bench.AssertPasses(20);
        Assert.Equal(20, bench.Wire.Statistics.Dropped);
    }
}
