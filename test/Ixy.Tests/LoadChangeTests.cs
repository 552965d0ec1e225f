using Ixy.Hosting;
using Ixy.Simulation;
using Xunit.Abstractions;

namespace Ixy.Tests;

/// <summary>
/// Load that comes and goes: no packet is lost in a change between sleeping and polling, and neither is overdone.
/// </summary>
public sealed class LoadChangeTests(ITestOutputHelper log) : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-load-");

    [Theory]
    [Trait("needs", "time")]
    [InlineData("ixgbe", 2)]
    [InlineData("virtio,queue-size=4096", 2)]
    [InlineData("virtio,queue-size=4096,packed=on", 2)]
    // With a flag instead of an index, the device interrupts until the driver has woken up and cleared the flag.
    [InlineData("virtio,queue-size=4096,packed=on,without=event_idx", 200)]
    public void AHundredTimesInProcess(string card, int interruptsPerSleep)
    {
        const int Rounds = 100, Pulse = 10;
        var world = new VirtualWorld(1);
        using var function = world.OpenCard($"sim:{card},{PulsedLoad.Card}", waitsToSend: true);
        using var device = NetworkDevice.Open(function, PulsedLoad.Options);
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
        var (queue, wire) = (device.ReceiveQueues[0], function.Wire);
        using var echo = new SleepingEcho(world, device);
        for (int round = 0; round < Rounds; round++)
        {
            world.Advance(TimeSpan.FromMilliseconds(10));
            Assert.True(echo.IsAsleep);
            long waits = queue.Waits;
            world.Advance(TimeSpan.FromMilliseconds(10));
            // Nothing has woken it.
            Assert.Equal((waits, true), (queue.Waits, echo.IsAsleep));
            wire.StartSending();
            world.Advance(TimeSpan.FromMilliseconds(Pulse));
            wire.StopSending();
        }
        world.Advance(TimeSpan.FromMilliseconds(1));
        var counted = wire.Statistics;
        // One packet per microsecond; after a pause in which it must not send, the schedule makes up for at most 256.
        Assert.InRange(counted.Sent, Rounds * Pulse * 1000, Rounds * (Pulse * 1000 + 256));
        Assert.Equal(
            (counted.Sent, 0, 0, 0, 0),
            (counted.Received, counted.Reordered, counted.Duplicated, counted.Corrupted, counted.Foreign));
        Assert.Equal((counted.Sent, 0), (queue.Packets, queue.Dropped));
        AssertSleeps(queue, Rounds, interruptsPerSleep);
        Assert.Empty(function.Violations.All);
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData("ixgbe")]
    [InlineData("virtio,queue-size=4096")]
    [InlineData("virtio,queue-size=4096,packed=on")]
    public void AHundredTimesOverVfioUser(string card)
    {
        string socket = Path.Combine(_directory.FullName, "server");
        using var server = SimulatedCardServer.Open($"sim:{card},wire=generator,rate=100kpps", socket);
        server.Start();
        using (var device = NetworkDevice.Open($"vfio-user:{socket}", PulsedLoad.Options))
            Check(device, new PulsedLoad(device, server.Wire, startsByItself: true));
        Assert.Empty(server.Violations.All);
    }

    [Theory] // At the card's full rate there is always more: no system call per batch.
    [InlineData("ixgbe")]
    [InlineData("virtio")]
    [InlineData("virtio,packed=on")]
    public void UnderFullLoadNobodySleeps(string card)
    {
        var world = new VirtualWorld(1);
        using var function = world.OpenCard($"sim:{card},wire=generator,rate=max", waitsToSend: true);
        using var device = NetworkDevice.Open(function, PulsedLoad.Options);
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
        var queue = device.ReceiveQueues[0];
        using var echo = new SleepingEcho(world, device);
        world.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(echo.IsAsleep);
        function.Wire.StartSending();
        world.Advance(TimeSpan.FromMilliseconds(50));
        Assert.True(queue.Packets > 50 * 10_000, $"{queue.Packets}");
        // Only the initial one.
        Assert.Equal((1, 1), (queue.Waits, queue.Interrupts));
        Assert.Empty(function.Violations.All);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private void Check(NetworkDevice device, PulsedLoad load)
    {
        load.Run().GetAwaiter().GetResult();
        Assert.InRange(device.ReceiveQueues[0].Waits, PulsedLoad.Rounds, long.MaxValue);
        Tell(device.ReceiveQueues[0], load.Rate);
    }

    // How often a thread sleeps in real time depends more on the machine than on the driver.
    private void Tell(ReceiveQueue queue, double rate) =>
        log.WriteLine(
            $"{rate:0} packets per second under load, {queue.Packets} packets, {queue.Waits} sleeps, "
            + $"{queue.Interrupts} interrupts");

    // At least one sleep per round, and far fewer than one per packet.
    private void AssertSleeps(ReceiveQueue queue, int rounds, int interruptsPerSleep)
    {
        log.WriteLine($"{queue.Packets} packets, {queue.Waits} sleeps, {queue.Interrupts} interrupts");
        Assert.InRange(queue.Waits, rounds, queue.Packets / 4);
        Assert.InRange(queue.Interrupts, rounds, interruptsPerSleep * queue.Waits);
    }

    /// <summary>Sends back what it receives, and sleeps whenever it can.</summary>
    private sealed class SleepingEcho : IDisposable
    {
        private readonly NetworkDevice _device;
        private readonly QueueWaiter _waiter;
        private readonly VirtualActor _actor;
        private readonly Packet[] _batch = new Packet[32];

        internal SleepingEcho(VirtualWorld world, NetworkDevice device)
        {
            (_device, _waiter) = (device, new(device.ReceiveQueues[0]));
            _actor = world.AddActor(TakeTurn);
        }

        internal bool IsAsleep { get; private set; }

        public void Dispose()
        {
            _actor.Dispose();
            if (IsAsleep) _waiter.EndSleep();
            _waiter.Dispose();
        }

        private ActorTurn TakeTurn()
        {
            if (IsAsleep) return WakeUp();
            int received = _device.Receive(_batch);
            int sent = _device.Transmit(_batch.AsSpan(0, received));
            PacketPool.Free(_batch.AsSpan(sent, received - sent));
            if (received > 0) return ActorTurn.Busy(50 + 30 * received);
            IsAsleep = _waiter.TryBeginSleep();
            return IsAsleep ? ActorTurn.Asleep : ActorTurn.Idle(50);
        }

        private ActorTurn WakeUp()
        {
            if (!_waiter.HasFired(TimeSpan.Zero)) return ActorTurn.Asleep;
            IsAsleep = false;
            _waiter.EndSleep();
            return ActorTurn.Busy(5_000);
        }
    }
}
