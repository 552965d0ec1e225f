using System.Runtime.InteropServices;
using Ixy.Simulation;
using Ixy.Tests.Cli;
using Ixy.Vfio;
using Xunit.Abstractions;

namespace Ixy.Tests.Interrupts;

/// <summary>Load that comes and goes: nothing is lost in a change between sleeping and polling, and neither is done too much.</summary>
public sealed class LoadChangeTests(ITestOutputHelper log) : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-load-");

    [Theory]
    [InlineData("ixgbe", 2)]
    [InlineData("virtio,queue-size=4096", 2)]
    [InlineData("virtio,queue-size=4096,packed=on", 2)]
    // A flag instead of an index: the device interrupts until the driver has woken up and takes the flag back.
    [InlineData("virtio,queue-size=4096,packed=on,without=event_idx", 200)]
    public void AHundredTimesInProcess(string card, int interruptsPerSleep) => Attempts.Until(() =>
    {
        var function = SimulatedCards.Open($"sim:{card},{PulsedLoad.Card}", waitsToSend: true);
        using (var device = NetworkDevice.Open(function, PulsedLoad.Options)) Check(device, new PulsedLoad(device, function.Wire, startsByItself: false), interruptsPerSleep);
        Assert.Empty(function.Violations.All);
    });

    [Theory]
    [InlineData("ixgbe")]
    [InlineData("virtio,queue-size=4096")]
    [InlineData("virtio,queue-size=4096,packed=on")]
    public void AHundredTimesOverVfioUser(string card) => Attempts.Until(() =>
    {
        string socket = Path.Combine(_directory.FullName, "server");
        using var server = SimulatedCardServer.Open($"sim:{card},{PulsedLoad.Card}", socket);
        server.Start();
        using (var device = NetworkDevice.Open($"vfio-user:{socket}", PulsedLoad.Options)) Check(device, new PulsedLoad(device, server.Wire, startsByItself: true), 2, armingTakesLong: card == "ixgbe");
        Assert.Empty(server.Violations.All);
    });

    // Nobody switches the generator of another process on and off; so a thread here sends, and the wire is a loop. Three threads want
    // two cores then, and the rate is what they leave.
    [Theory]
    [InlineData("ixgbe")]
    [InlineData("virtio,queue-size=4096")]
    public void AHundredTimesWithTheCardInAnotherProcess(string card) => Attempts.Until(() =>
    {
        string socket = Path.Combine(_directory.FullName, "card");
        using var sim = IxyProcess.Start("sim", card, "--socket", socket, "--wire", "loopback", "--json");
        sim.WaitForError("waiting for a client");
        using (var pool = LoadChange.Pool())
        using (var device = NetworkDevice.Open($"vfio-user:{socket}", LoadChange.Options)) Check(device, pool);
        sim.Signal(PosixSignal.SIGTERM);
        var report = JsonReport.Of((sim.WaitForExit(), sim.Output, sim.Error));
        Assert.Empty(report.GetProperty("violations").EnumerateArray());
    });

    [Theory] // At the rate that the card can do there is always more: no system call per batch.
    [InlineData("ixgbe")]
    [InlineData("virtio")]
    [InlineData("virtio,packed=on")]
    public async Task UnderFullLoadNobodySleeps(string card)
    {
        const int Packets = 5_000_000;
        var function = SimulatedCards.Open($"sim:{card},wire=generator,rate=max");
        using (var device = NetworkDevice.Open(function, InterruptBench.Options with { CheckedPools = false, PoolSize = null }))
        {
            Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
            var queue = device.ReceiveQueues[0];
            long start = Environment.TickCount64;
            await InterruptBench.OnThread(() =>
            {
                // Not on the card's core.
                ThreadPlacement.PinToFirstCore();
                var batch = new Packet[32];
                while (queue.Packets < Packets) PacketPool.Free(batch.AsSpan(0, device.Receive(batch, TimeSpan.FromSeconds(1))));
            });
            // Where the card loses its core to others it cannot be helped, but not before a millisecond is over.
            Assert.InRange(queue.Waits, 0, Math.Max(Packets / 10_000, Environment.TickCount64 - start));
            Assert.InRange(queue.Interrupts, 0, 2 * queue.Waits + 1);
        }
        Assert.Empty(function.Violations.All);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    // Where it takes a message to a server to ask for an interrupt, a packet is there before the thread sleeps: so it does not, and the
    // interrupt comes all the same. Then only the card limits how often (EITR).
    private void Check(NetworkDevice device, PulsedLoad load, int interruptsPerSleep, bool armingTakesLong = false)
    {
        load.Run().GetAwaiter().GetResult();
        double inVain = armingTakesLong ? load.UnderLoad / PulsedLoad.Options.InterruptInterval : 0;
        AssertSleeps(device.ReceiveQueues[0], load.Rate, PulsedLoad.Rounds, interruptsPerSleep, (long)inVain);
        Assert.InRange(load.Rate, 900_000, 1_100_000);
    }

    private void Check(NetworkDevice device, PacketPool pool)
    {
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
        var load = new LoadChange(device, pool);
        load.Run().GetAwaiter().GetResult();
        var queue = device.ReceiveQueues[0];
        Assert.Equal((LoadChange.Rounds * LoadChange.Burst, 0), (queue.Packets, queue.Dropped));
        AssertSleeps(queue, load.Rate, LoadChange.Rounds, interruptsPerSleep: 2);
    }

    // At least one sleep a round, and far less than one a packet.
    private void AssertSleeps(ReceiveQueue queue, double rate, int rounds, int interruptsPerSleep, long inVain = 0)
    {
        log.WriteLine($"{rate:0} packets per second under load, {queue.Packets} packets, {queue.Waits} sleeps, {queue.Interrupts} interrupts");
        Assert.InRange(queue.Waits, rounds, queue.Packets / 4);
        Assert.InRange(queue.Interrupts, rounds, interruptsPerSleep * queue.Waits + inVain);
    }
}
