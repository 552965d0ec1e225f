using FsCheck;
using FsCheck.Fluent;

namespace Ixy.Tests;

public sealed class PacketRingTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1 << 21)]
    [InlineData(int.MinValue)]
    public void OtherCapacitiesAreRefused(int capacity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PacketRing(capacity));

    [Fact]
    public void WhatHasNoRoomStaysTheCallers()
    {
        var ring = new PacketRing(8);
        Assert.Equal(8, ring.Enqueue(Numbered(0, 11)));
        Assert.Equal(0, ring.Enqueue(Numbered(8, 1)));
        Assert.Equal((8, 8), (ring.Count, ring.Capacity));
        var batch = new Packet[11];
        Assert.Equal(8, ring.Dequeue(batch));
        Assert.Equal(Enumerable.Range(0, 8), batch[..8].Select(packet => (int)packet.Metadata));
        Assert.Equal(0, ring.Dequeue(batch));
        Assert.Equal((0, 0), (ring.Enqueue([]), ring.Dequeue([])));
    }

    // Against a plain queue, around and around.
    [Fact]
    public void ItIsAQueue() => Prop.ForAll<PositiveInt, int[]>((size, steps) =>
    {
        var ring = new PacketRing(2 << size.Get % 4);
        var model = new Queue<int>();
        int next = 0;
        foreach (int step in steps)
        {
            int count = Math.Abs(step % 20);
            if (step >= 0)
            {
                int taken = ring.Enqueue(Numbered(next, count));
                Assert.Equal(Math.Min(count, ring.Capacity - model.Count), taken);
                for (int i = 0; i < taken; i++) model.Enqueue(next++);
            }
            else
            {
                var batch = new Packet[count];
                int got = ring.Dequeue(batch);
                Assert.Equal(Math.Min(count, model.Count), got);
                foreach (var packet in batch[..got]) Assert.Equal(model.Dequeue(), (int)packet.Metadata);
            }
            Assert.Equal(model.Count, ring.Count);
        }
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    public void BetweenThreadsNothingIsLostDoubledOrOvertaken(int producers, int consumers)
    {
        const int Each = 600_000;
        var ring = new PacketRing(256);
        long[] received = new long[consumers];
        var threads = new List<Thread>();
        var failures = new System.Collections.Concurrent.ConcurrentQueue<string>();
        long left = (long)producers * Each;
        for (int producer = 0; producer < producers; producer++)
        {
            ulong number = (ulong)producer;
            threads.Add(new(() =>
            {
                var random = new Random((int)number);
                for (ulong sent = 0; sent < Each;)
                {
                    int count = (int)Math.Min((ulong)random.Next(1, 40), Each - sent);
                    var batch = Enumerable.Range(0, count)
                        .Select(i => new Packet { Buffer = number, Metadata = sent + (ulong)i }).ToArray();
                    for (int taken = 0; taken < count;)
                    {
                        int now = ring.Enqueue(batch.AsSpan(taken));
                        if (now == 0) Thread.Yield();
                        taken += now;
                    }
                    sent += (ulong)count;
                }
            }));
        }
        for (int consumer = 0; consumer < consumers; consumer++)
        {
            int number = consumer;
            threads.Add(new(() =>
            {
                // Each consumer sees any one producer's packets in order.
                long[] last = [.. Enumerable.Repeat(-1L, producers)];
                var batch = new Packet[64];
                while (Volatile.Read(ref left) > 0)
                {
                    int got = ring.Dequeue(batch);
                    if (got == 0) Thread.Yield();
                    foreach (var packet in batch[..got])
                    {
                        if ((long)packet.Metadata <= last[packet.Buffer])
                            failures.Enqueue($"{packet.Metadata} after {last[packet.Buffer]} of {packet.Buffer}");
                        last[packet.Buffer] = (long)packet.Metadata;
                        received[number] += (long)packet.Metadata + 1;
                    }
                    Interlocked.Add(ref left, -got);
                }
            }));
        }
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();

        Assert.Empty(failures);
        Assert.Equal(0, left);
        // The sum of all numbers: together with the order, it reveals a lost or duplicated packet.
        Assert.Equal(producers * ((long)Each * (Each + 1) / 2), received.Sum());
    }

    internal static Packet[] Numbered(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(number => new Packet { Metadata = (ulong)number })];
}
