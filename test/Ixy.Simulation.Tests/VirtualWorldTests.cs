using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Ixy.Hosting;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests;

/// <summary>
/// A world whose time moves only when told to: by exactly that much, and in the same way for the same seed.
/// </summary>
public sealed class VirtualWorldTests : IDisposable
{
    private const long Microsecond = 1_000, Millisecond = 1_000_000, Second = 1_000_000_000;
    private static readonly NetworkDeviceOptions s_checked = DriverBench.Defaults;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-virtual-");

    [Fact]
    public void TimeMovesWhenItIsToldTo()
    {
        var world = new VirtualWorld(1);
        using var card = world.OpenCard("sim:ixgbe,wire=loopback");
        Assert.Equal(0, world.Nanoseconds);
        Thread.Sleep(5);
        Assert.Equal(0, world.Nanoseconds);
        world.Advance(TimeSpan.FromTicks(15));
        Assert.Equal(1_500, world.Nanoseconds);
        card.Wait(TimeSpan.FromMilliseconds(10));
        Assert.Equal(1_500 + 10 * Millisecond, world.Nanoseconds);
        Assert.False(world.AdvanceUntil(() => false, TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.FromTicks(15) + TimeSpan.FromMilliseconds(1010), world.Elapsed);
        Assert.True(world.AdvanceUntil(() => true, TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.FromTicks(15) + TimeSpan.FromMilliseconds(1010), world.Elapsed);
        Assert.Equal(new DateTimeOffset(2000, 1, 1, 0, 0, 1, 10, TimeSpan.Zero).AddTicks(15), world.Clock.GetUtcNow());
    }

    [Fact]
    public void ACardHasOneWire()
    {
        var world = new VirtualWorld(1);
        using var wire = new LoopbackWire();
        var error = Assert.Throws<DeviceSpecifierException>(() => world.OpenCard("sim:ixgbe,wire=generator", wire));
        Assert.Contains("wire=generator: the card is plugged into a wire that is given with it", error.Message);
        Assert.Throws<DeviceSpecifierException>(() => world.OpenCard("sim:ixgbe,rate=1Mpps", wire));
        world.OpenCard("sim:ixgbe", wire).Dispose();
    }

    // Two resets of at least 10 ms each, in which register accesses take no time; a cycle of the PHY's management
    // interface takes 27 us.
    [Theory]
    [InlineData("ixgbe", 10 * Millisecond)]
    [InlineData("ixgbe,model=x550", 10 * Millisecond)]
    [InlineData("virtio", 0)]
    public void TheWaitsOfSetUpTakeVirtualTime(string card, long least)
    {
        var world = new VirtualWorld(1);
        long before;
        using (var device = world.Open($"sim:{card},wire=loopback", s_checked))
        {
            Assert.InRange(world.Nanoseconds, least, least + 20 * Millisecond);
            before = world.Nanoseconds;
        }
        Assert.InRange(world.Nanoseconds - before, least, least + Millisecond);
    }

    // The delay is counted from the last AUTOC.Restart_AN before the link comes up.
    [Theory]
    [InlineData("20ms", 20 * Millisecond)]
    [InlineData("10s", 10 * Second)]
    [InlineData("0ms", 0)]
    public void ALinkComesUpAtItsTime(string delay, long nanoseconds)
    {
        string trace = Path.Combine(_directory.FullName, "trace");
        var world = new VirtualWorld(1);
        using var card = world.OpenCard($"sim:ixgbe,wire=loopback,link-delay={delay},trace={trace}");
        long openedAt = world.Nanoseconds;
        using var device = NetworkDevice.Open(card, s_checked);
        long startedAt = world.Nanoseconds;
        Assert.InRange(startedAt - openedAt, 10 * Millisecond, 11 * Millisecond);
        // Not all the way: each poll is a line in the trace.
        if (nanoseconds > Millisecond) world.Advance(TimeSpan.FromTicks((nanoseconds - Millisecond) / 100));
        bool isUp = world.AdvanceUntil(() => device.Link.IsUp, TimeSpan.FromMilliseconds(2));
        long upAt = world.Nanoseconds;
        Assert.True(isUp);
        device.Dispose();
        string restart = File.ReadLines(trace).Last(line => line.Contains("write AUTOC ", StringComparison.Ordinal));
        long restartedAt = (long)(
            decimal.Parse(restart.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) * Second);
        Assert.Equal(Math.Max(restartedAt + nanoseconds, startedAt), upAt);
    }

    [Fact]
    public void AWaitForALinkEndsWithItsTime()
    {
        var world = new VirtualWorld(1);
        using var device = world.Open("sim:ixgbe", s_checked);
        long before = world.Nanoseconds;
        Assert.False(device.WaitForLink(TimeSpan.FromMilliseconds(300)));
        Assert.Equal(300 * Millisecond, world.Nanoseconds - before);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void APacketEndsAWaitForIt(bool interrupts)
    {
        var world = new VirtualWorld(1);
        using var device = world.Open(
            "sim:ixgbe,wire=generator,rate=100pps", s_checked with { Interrupts = interrupts });
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
        var batch = new Packet[32];
        // The first one may already have come.
        device.Receive(batch, TimeSpan.FromSeconds(1));
        PacketPool.Free(batch.AsSpan(0, 1));
        for (int i = 0; i < 10; i++)
        {
            long before = world.Nanoseconds;
            Assert.Equal(1, device.Receive(batch, TimeSpan.FromSeconds(1)));
            PacketPool.Free(batch.AsSpan(0, 1));
            Assert.InRange(world.Nanoseconds - before, i == 0 ? 0 : 9 * Millisecond, 11 * Millisecond);
        }
        var queue = device.ReceiveQueues[0];
        Assert.InRange(queue.Interrupts, interrupts ? 10 : 0, interrupts ? 11 : 0);
        Assert.Equal(queue.Interrupts, queue.Waits);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AWaitForAPacketEndsWithItsTime(bool interrupts)
    {
        var world = new VirtualWorld(1);
        using var device = world.Open("sim:ixgbe,wire=loopback", s_checked with { Interrupts = interrupts });
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
        long before = world.Nanoseconds;
        Assert.Equal(0, device.Receive(new Packet[1], TimeSpan.FromMilliseconds(200)));
        Assert.Equal(200 * Millisecond, world.Nanoseconds - before);
    }

    // 2 Mpps for a millisecond, while the software takes one packet per microsecond.
    [Fact]
    public void OverloadLosesWhatNobodyHasTimeFor()
    {
        const int Ring = 128;
        var world = new VirtualWorld(3);
        using var card = world.OpenCard("sim:ixgbe,wire=generator,rate=2Mpps,link-delay=0ms", waitsToSend: true);
        // With several queues, a full one drops, and the packet buffer holds nothing back.
        using var device = NetworkDevice.Open(
            card, s_checked with { RingSize = Ring, ReceiveQueues = 2, TransmitQueues = 2 });
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
        long taken = 0;
        var batch = new Packet[1];
        using var actor = world.AddActor(() =>
        {
            foreach (var queue in device.ReceiveQueues)
            {
                if (queue.Receive(batch) == 0) continue;
                batch[0].Free();
                taken++;
                return ActorTurn.Busy(Microsecond);
            }
            return ActorTurn.Idle(Microsecond);
        });
        card.Wire.StartSending();
        world.Advance(TimeSpan.FromMilliseconds(1));
        card.Wire.StopSending();
        // One in the first of a thousand turns, where the schedule begins, and two in each of the others.
        Assert.Equal(1999, card.WireStatistics.Sent);
        // The idle actor's poll finds the first of them a microsecond later; from then on it takes one per microsecond.
        Assert.Equal(999, taken);
        long takenUnderLoad = taken;
        world.Advance(TimeSpan.FromMilliseconds(1));
        // What the ring held: all its descriptors but one, as head and tail must not meet, less those that the driver
        // had not yet returned to the card, which it does a sixteenth of the ring at a time.
        Assert.Equal(Ring - 1 - takenUnderLoad % (Ring / 16), taken - takenUnderLoad);
        Assert.Equal(1999 - taken, device.ReadStatistics().RxMissed);
        Assert.Empty(card.Violations.All);
    }

    [Fact]
    public void TheSameSeedIsTheSameRunAndAnotherOneAnother()
    {
        string first = Scenario(7), second = Scenario(7), other = Scenario(8);
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
    }

    // Side by side on their own threads, in whatever order the machine runs them, and beside a card in real time.
    [Fact]
    public async Task WorldsDoNotKnowEachOther()
    {
        string expected = Scenario(7);
        using var real = SimulatedCards.Open("sim:ixgbe,wire=generator");
        string[] found = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Scenario(7))));
        Assert.All(found, bytes => Assert.Equal(expected, bytes));
    }

    [Fact]
    public void TheTwoEndsOfACableAreInOneWorld()
    {
        VirtualWorld left = new(1), right = new(1);
        using var here = left.OpenCard("sim:ixgbe,wire=cable:x");
        using var there = right.OpenCard("sim:ixgbe,wire=cable:x");
        Assert.Equal((here.Name, false), (there.Name, here.Wire.HasSignal));
        using var beside = left.OpenCard("sim:ixgbe,wire=cable:x");
        Assert.Equal(("sim:ixgbe,wire=cable:x#2", true), (beside.Name, here.Wire.HasSignal));
        Assert.Throws<DeviceSpecifierException>(() => left.OpenCard("sim:ixgbe,wire=cable:x"));
    }

    [Fact]
    public void AWireThatLeadsOutOfTheWorldIsRefused() => Assert.Contains(
        "runs in real time",
        Assert.Throws<DeviceSpecifierException>(() => new VirtualWorld(1).OpenCard("sim:ixgbe,wire=tap:ixy0")).Message);

    [Fact]
    public void NobodyWaitsInATurn()
    {
        var world = new VirtualWorld(1);
        using var device = world.Open("sim:ixgbe,wire=loopback", s_checked);
        using var actor = world.AddActor(() =>
        {
            device.WaitForLink(TimeSpan.FromSeconds(1));
            return ActorTurn.Busy(1);
        });
        Assert.Throws<InvalidOperationException>(() => world.Advance(TimeSpan.FromMilliseconds(1)));
        actor.Dispose();
        world.Advance(TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void AnActorTakesTheTimeThatItSays()
    {
        var world = new VirtualWorld(1);
        List<long> busy = [], asleep = [];
        using var first = world.AddActor(() =>
        {
            busy.Add(world.Nanoseconds);
            return ActorTurn.Busy(333);
        });
        using var second = world.AddActor(() =>
        {
            asleep.Add(world.Nanoseconds);
            return ActorTurn.Asleep;
        });
        world.Advance(TimeSpan.FromMicroseconds(1));
        second.Wake();
        world.Advance(TimeSpan.FromMicroseconds(1));
        Assert.Equal([0, 333, 666, 999, 1332, 1665, 1998], busy);
        Assert.Equal([0, 1000], asleep);
        Assert.Throws<ArgumentOutOfRangeException>(() => ActorTurn.Busy(0));
    }

    // Polls in between would find nothing: cards have their turns every microsecond.
    [Fact]
    public void AnIdleActorPollsBehindTheTurnsOfCards()
    {
        var world = new VirtualWorld(1);
        using var card = world.OpenCard("sim:ixgbe");
        List<long> polls = [];
        using var actor = world.AddActor(() =>
        {
            polls.Add(world.Nanoseconds);
            return ActorTurn.Idle(300);
        });
        world.Advance(TimeSpan.FromMicroseconds(3));
        Assert.Equal([0, 1200, 2100], polls);
    }

    [Fact]
    public async Task TimersFireAtTheirTimes()
    {
        var world = new VirtualWorld(1);
        List<(string, long)> fired = [];
        void Note(string name) => fired.Add((name, world.Nanoseconds));
        using var late = world.Clock.CreateTimer(
            _ => Note("late"), null, TimeSpan.FromTicks(25), Timeout.InfiniteTimeSpan);
        using var often = world.Clock.CreateTimer(
            _ => Note("often"), null, TimeSpan.FromTicks(10), TimeSpan.FromTicks(15));
        using var never = world.Clock.CreateTimer(
            _ => Note("never"), null, TimeSpan.FromTicks(20), Timeout.InfiniteTimeSpan);
        never.Dispose();
        var delay = Task.Delay(TimeSpan.FromSeconds(1), world.Clock);
        world.Advance(TimeSpan.FromTicks(50));
        Assert.Equal([("often", 1000), ("late", 2500), ("often", 2500), ("often", 4000)], fired);
        Assert.False(delay.IsCompleted);
        often.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        world.Advance(TimeSpan.FromSeconds(1));
        await delay;
        Assert.Equal(4, fired.Count);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    // Three queues, each with software that sends what it receives: no rule says which is first at the other card.
    // Returns what the run did as one text: a digest of the frames that left and their times, both register traces, and
    // the counters.
    private string Scenario(ulong seed)
    {
        const int Queues = 3;
        string path = Path.Combine(_directory.FullName, Path.GetRandomFileName());
        var world = new VirtualWorld(seed);
        var options = s_checked with { ReceiveQueues = Queues, TransmitQueues = Queues };
        var counted = new List<DeviceStatistics>();
        using (var left = world.Open(
            $"sim:ixgbe,mac=02:00:00:00:00:01,wire=generator,rate=3Mpps,flows=64,trace={path}.left", options))
        using (var right = world.Open($"sim:ixgbe,mac=02:00:00:00:00:02,wire=pcap:>{path},trace={path}.right", options))
        {
            var actors = new List<VirtualActor>();
            for (int i = 0; i < Queues; i++)
            {
                var batch = new Packet[32];
                var (from, to) = (left.ReceiveQueues[i], right.TransmitQueues[i]);
                actors.Add(world.AddActor(() =>
                {
                    int received = from.Receive(batch);
                    int sent = to.Transmit(batch.AsSpan(0, received));
                    PacketPool.Free(batch.AsSpan(sent, received - sent));
                    // Begins after a turn of the cards, and ends with the next one: which comes first is drawn.
                    return received > 0 ? ActorTurn.Busy(950) : ActorTurn.Idle(50);
                }));
            }
            world.Advance(TimeSpan.FromMilliseconds(30));
            foreach (var actor in actors) actor.Dispose();
            counted.AddRange([left.ReadStatistics(), right.ReadStatistics()]);
        }
        Assert.True(counted[1].TxPackets > 10_000, $"{counted[1]}");
        return string.Join("\n",
            [Digest(path), WithoutAddresses(path + ".left"), WithoutAddresses(path + ".right"),
                .. counted.Select(device => $"{device}")]);
    }

    // Times and frame numbers: their order. The rest of a frame follows from the generator's id, which is drawn, too.
    private static string Digest(string capture) => Convert.ToHexString(SHA256.HashData(
        [.. CaptureFiles.Read(capture)
            .SelectMany(frame => BitConverter.GetBytes(frame.Time).Concat(frame.Frame[44..52]))]));

    // The arena is shared by the process, so another test may hold some of its memory.
    private static string WithoutAddresses(string trace) =>
        Regex.Replace(File.ReadAllText(trace), @"([RT]DBA[LH]\S*).*", "$1");
}
