using System.Diagnostics;
using static Ixy.Tests.InterruptBench;

namespace Ixy.Tests;

/// <summary>
/// A thread that sleeps on a receive queue wakes for every packet, and for nothing else. Every test asserts zero
/// violations.
/// </summary>
public sealed class SleepTests
{
    public static TheoryData<string> Kinds() => InterruptBench.Kinds();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task APacketWakesTheSleeper(string kind)
    {
        using var bench = Open(kind);
        var queue = bench.Device.ReceiveQueues[0];
        var sleeper = OnThread(() => Assert.Equal(7, ReceiveOne(queue, new Packet[1])));
        DriverBench.Until(() => queue.Waits == 1, "sleep");
        // It does not wake up by itself.
        Thread.Sleep(100);
        Assert.False(sleeper.IsCompleted);
        Assert.Equal((1, 0), (queue.Waits, queue.Interrupts));
        bench.Wire.Deliver(DriverBench.Frame(7));
        await sleeper;
        // One sleep, ended by an interrupt and not by its timeout.
        Assert.Equal((1, 1), (queue.Waits, queue.Interrupts));
    }

    [Theory] // The classic race: a packet after the last look, but before the interrupt was requested.
    [MemberData(nameof(Kinds))]
    public void APacketThatIsThereAlreadyIsNotSleptOver(string kind)
    {
        using var bench = Open(kind);
        var queue = bench.Device.ReceiveQueues[0];
        using var waiter = new QueueWaiter(queue);
        for (int number = 0; number < 100; number++)
        {
            bench.Wire.Deliver(DriverBench.Frame(number));
            DriverBench.Until(() => queue.HasArrivals, "arrival");
            Assert.True(waiter.Wait(Long));
            Assert.Equal(0, queue.Waits);
            Assert.Equal(number, ReceiveOne(queue, new Packet[1]));
        }
    }

    [Theory] // The same, whenever the packet comes.
    [MemberData(nameof(Kinds))]
    public async Task ThousandsOfPacketsOneByOneAreAllNoticed(string kind)
    {
        const int Packets = 10_000;
        using var bench = Open(kind);
        var queue = bench.Device.ReceiveQueues[0];
        int expected = 0;
        var receiver = OnThread(() =>
        {
            var batch = new Packet[1];
            for (; expected < Packets; Volatile.Write(ref expected, expected + 1))
                Assert.Equal(expected, ReceiveOne(queue, batch));
        });
        var random = new Random(4);
        for (int number = 0; number < Packets && !receiver.IsCompleted; number++)
        {
            bench.Wire.Deliver(DriverBench.Frame(number));
            // The receiver may still be looking, about to sleep, or asleep.
            DriverBench.Until(() => Volatile.Read(ref expected) > number || receiver.IsCompleted, "packet");
            Thread.SpinWait(random.Next(400));
        }
        await receiver;
        Assert.InRange(queue.Interrupts, 1, 2 * queue.Waits + 1);
    }

    // EIAC, EIAM and the like: polled packets may cost an interrupt that was already requested, and with ixgbe one for
    // a cause set in the meantime; after that the thread sleeps.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void WhatWasPolledDoesNotKeepAwake(string kind)
    {
        using var bench = Open(kind);
        var queue = bench.Device.ReceiveQueues[0];
        using var waiter = new QueueWaiter(queue);
        for (int round = 1; round <= 5; round++)
        {
            bench.Wire.Deliver(DriverBench.Frames(200));
            bench.Receive(200);
            long start = Stopwatch.GetTimestamp();
            while (waiter.Wait(TimeSpan.FromMilliseconds(50)))
                Assert.True(Stopwatch.GetElapsedTime(start) < Long, $"no sleep after {queue.Interrupts} interrupts");
            Assert.InRange(queue.Interrupts, 0, 2 * round);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TheTimeIsOver(string kind)
    {
        using var bench = Open(kind);
        var queue = bench.Device.ReceiveQueues[0];
        var batch = new Packet[4];
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(0, queue.Receive(batch, TimeSpan.FromMilliseconds(200)));
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(190), Long);
        Assert.Equal((1, 0), (queue.Waits, queue.Interrupts));
        Assert.Equal(0, queue.Receive(batch, TimeSpan.Zero));
        Assert.Equal(0, queue.Receive([], Timeout.InfiniteTimeSpan));
        Assert.Equal(1, queue.Waits);
        Assert.Throws<ArgumentOutOfRangeException>(() => queue.Receive(batch, TimeSpan.FromSeconds(-2)));
    }

    [Theory] // What an application does all day must not allocate.
    [MemberData(nameof(Kinds))]
    public void SleepingAllocatesNothing(string kind)
    {
        using var bench = Open(kind, Options with { CheckedPools = false });
        var queue = bench.Device.ReceiveQueues[0];
        var batch = new Packet[1];
        Allocations.None(() => queue.Receive(batch, TimeSpan.FromMilliseconds(1)), 50);
        Assert.True(queue.Waits >= 50);
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData(IxgbeKind)]
    [InlineData("Split")]
    public void AnIdleThreadUsesHardlyAnyOfItsCore(string kind)
    {
        using var bench = Open(kind);
        var queue = bench.Device.ReceiveQueues[0];
        var batch = new Packet[32];
        queue.Receive(batch, TimeSpan.FromMilliseconds(1));
        double share = ThreadTime.Share(() =>
        {
            // As often as a program might check for something else.
            for (int i = 0; i < 20; i++) Assert.Equal(0, queue.Receive(batch, TimeSpan.FromMilliseconds(100)));
        });
        // A polling thread takes a whole core, or half of a shared one; on a quiet machine this is a fiftieth.
        Assert.InRange(share, 0, 0.1);
    }
}
