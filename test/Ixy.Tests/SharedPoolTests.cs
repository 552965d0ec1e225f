using System.Collections.Concurrent;
using Ixy.Pools;

namespace Ixy.Tests;

/// <summary>Pools shared by threads, and the buffers that a receive queue keeps at hand.</summary>
public sealed unsafe class SharedPoolTests
{
    private const int Count = 4096;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhatAThreadHasFreedIsThereForAnother(bool isChecked)
    {
        using var pool = new PacketPool(new() { Count = Count, Checked = isChecked });
        using var done = new ManualResetEventSlim();
        using var freed = new ManualResetEventSlim();
        var packets = new Packet[Count];
        Assert.Equal(Count, pool.Allocate(packets));
        // The thread lives on: its buffers do not wait for its end.
        var other = OnThread(() =>
        {
            PacketPool.Free(packets);
            freed.Set();
            done.Wait();
        });
        freed.Wait();

        Assert.Equal(Count, pool.Available);
        Assert.Equal(Count, pool.Allocate(packets));
        Assert.Equal(Count, packets.Select(packet => packet.Buffer).Distinct().Count());
        Assert.False(pool.TryAllocate(out _));

        done.Set();
        Join(other);
        PacketPool.Free(packets);
    }

    [Fact]
    public void WhatAThreadLeftBehindIsFound()
    {
        using var pool = new PacketPool(new() { Count = Count, Checked = false });
        var packets = new Packet[Count];
        for (int i = 0; i < 100; i++)
        {
            Join(OnThread(() => PacketPool.Free(packets.AsSpan(0, pool.Allocate(packets.AsSpan(0, 10))))));
        }
        Assert.Equal(Count, pool.Available);
        Assert.Equal(Count, pool.Allocate(packets));
        PacketPool.Free(packets);
    }

    [Fact]
    public void AReceiveQueueGetsWhatATransmitQueueHasFreed()
    {
        using var pool = new PacketPool(new() { Count = Count, Checked = false });
        var received = new BufferBlock(pool);
        var all = new ulong[Count];
        for (int i = 0; i < Count; i++) Assert.True(received.TryTake(out all[i]));
        Assert.False(received.TryTake(out _));

        // Fewer than a block.
        PacketPool.Free(all.AsSpan(0, 5));
        for (int i = 0; i < 5; i++) Assert.True(received.TryTake(out all[i]));
        Assert.False(received.TryTake(out _));
        Assert.Equal(Count, all.Distinct().Count());

        PacketPool.Free(all);
        Assert.Equal(Count, pool.Available);
        received.Dispose();
    }

    // The sizing rule: the application cannot have what the receive queue keeps at hand, a sixteenth and at most 128.
    [Theory]
    [InlineData(Count, 128)]
    [InlineData(128, 8)]
    [InlineData(8, 1)]
    public void AReceiveQueueKeepsABlockAtHandAndNoMore(int count, int block)
    {
        using var pool = new PacketPool(new() { Count = count, Checked = false });
        var received = new BufferBlock(pool);
        Assert.True(received.TryTake(out ulong one));
        Assert.Equal(count - 1, pool.Available);

        var packets = new Packet[count];
        Assert.Equal(count - block, pool.Allocate(packets));
        Assert.Equal(block - 1, pool.Available);

        PacketPool.Free(packets.AsSpan(0, count - block));
        PacketPool.Free([one]);
        received.Dispose();
        Assert.Equal(count, pool.Allocate(packets));
        PacketPool.Free(packets);
    }

    [Fact]
    public void BuffersOfManyPoolsPassOneQueue()
    {
        var pools = Enumerable.Range(0, 9).Select(_ => new PacketPool(new() { Count = 512, Checked = false }))
            .ToArray();
        var packets = new Packet[9 * 512];
        for (int i = 0; i < packets.Length; i++)
            Assert.True(
                pools[i / 7 % 9].TryAllocate(out packets[i])
                || pools.First(pool => pool.Available > 0).TryAllocate(out packets[i]));
        ulong[] all = [.. packets.Select(packet => packet.Buffer)];

        PacketPool.Free(all);

        Assert.All(pools, pool => Assert.Equal(512, pool.Available));
        foreach (var pool in pools) pool.Dispose();
    }

    // The last packet comes back just before, during or after Dispose: memory is released in any case, and not before.
    [Fact]
    public void MemoryGoesWithTheLastPacketWhoeverBringsIt()
    {
        const int Rounds = 2000, Threads = 2, Each = 40;
        for (int round = 0; round < Rounds; round++)
        {
            var pool = new PacketPool(new() { Count = 256, BufferSize = 64, Checked = round % 2 == 0 });
            var packets = new Packet[Threads * Each];
            Assert.Equal(packets.Length, pool.Allocate(packets));
            using var start = new Barrier(Threads + 1);
            var threads = Enumerable.Range(0, Threads).Select(thread => OnThread(() =>
            {
                start.SignalAndWait();
                foreach (ref readonly var packet in packets.AsSpan(thread * Each, Each)) packet.Free();
            })).ToArray();
            start.SignalAndWait();
            Thread.SpinWait(round % 50 * 20);
            // A checked pool reports packets that are still out, which is not the point here.
            if (Record.Exception(pool.Dispose) is { } error) Assert.IsType<PacketMisuseException>(error);
            foreach (var thread in threads) Join(thread);

            Assert.Equal(256, pool.Available);
            var gone = Assert.Throws<PacketMisuseException>(packets[0].Free);
            Assert.Contains("belongs to no pool", gone.Message);
        }
    }

    [Fact]
    public void OfTwoThreadsThatFreeOnePacketOneIsTold()
    {
        using var pool = new PacketPool(new() { Count = Count, Checked = true });
        int told = 0;
        for (int round = 0; round < 3000; round++)
        {
            Assert.True(pool.TryAllocate(out var packet));
            using var start = new Barrier(2);
            var threads = Enumerable.Range(0, 2).Select(_ => OnThread(() =>
            {
                start.SignalAndWait();
                if (Record.Exception(packet.Free) is PacketMisuseException) Interlocked.Increment(ref told);
            })).ToArray();
            foreach (var thread in threads) Join(thread);
            Assert.Equal((round + 1, Count), (told, pool.Available));
        }
    }

    [Fact]
    public void AnEmptyPoolStaysWhole()
    {
        // Far too few for three threads, so they find it empty all the time.
        using var pool = new PacketPool(new() { Count = 256, BufferSize = 64, Checked = true });
        Stress(pool, threads: 3, pairsEach: 5_000_000, most: 120);
        Assert.Equal(256, pool.Available);
        Assert.Empty(pool.FindLeaks());
    }

    // 10^8 packets are allocated and freed, half of them on another thread than the allocating one. The pool is
    // checked, and the test's own mark verifies too that a buffer has a single owner.
    [Fact]
    [Trait("needs", "time")]
    public void NoBufferIsLostOrDoubledInAHundredMillionPairs()
    {
        using var pool = new PacketPool(new() { Count = Count, BufferSize = 64, Checked = true });
        Stress(pool, threads: 4, pairsEach: 25_000_000, most: 64);
        Assert.Equal(Count, pool.Available);
        Assert.Empty(pool.FindLeaks());
        var packets = new Packet[Count + 1];
        Assert.Equal(Count, pool.Allocate(packets));
        Assert.Equal(Count, packets[..Count].Select(packet => packet.Buffer).Distinct().Count());
        PacketPool.Free(packets.AsSpan(0, Count));
    }

    [Fact]
    public void NothingIsAllocatedAfterTheFirstPacket()
    {
        using var pool = new PacketPool(new() { Count = Count, Checked = false });
        var packets = new Packet[600];
        PacketPool.Free(packets.AsSpan(0, pool.Allocate(packets.AsSpan(0, 1))));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) PacketPool.Free(packets.AsSpan(0, pool.Allocate(packets)));
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void Stress(PacketPool pool, int threads, long pairsEach, int most)
    {
        int[] owners = new int[pool.Capacity];
        var ring = new PacketRing(64);
        long pairs = 0;
        var workers = Enumerable.Range(1, threads).Select(number => OnThread(() =>
        {
            Span<Packet> batch = new Packet[most];
            var random = new Random(number);
            for (long done = 0; done < pairsEach;)
            {
                int got = pool.Allocate(batch[..random.Next(1, most + 1)]);
                foreach (ref readonly var packet in batch[..got])
                {
                    if (Interlocked.Exchange(ref owners[pool.IndexOf(packet.Buffer)], number) != 0)
                        throw new InvalidOperationException("a buffer was given to two");
                }
                // Half of them go to the next thread, and as many come from the previous one.
                int passed = ring.Enqueue(batch[..(got / 2)]);
                Free(batch[passed..got]);
                done += got - passed;
                int taken = ring.Dequeue(batch);
                Free(batch[..taken]);
                done += taken;
                Interlocked.Add(ref pairs, got - passed + taken);
                // The others may hold all buffers.
                if (got == 0) Thread.Yield();
            }

            void Free(ReadOnlySpan<Packet> packets)
            {
                foreach (ref readonly var packet in packets) Volatile.Write(ref owners[pool.IndexOf(packet.Buffer)], 0);
                PacketPool.Free(packets);
            }
        })).ToArray();
        foreach (var worker in workers) Join(worker);
        var rest = new Packet[ring.Count];
        Assert.Equal(rest.Length, ring.Dequeue(rest));
        PacketPool.Free(rest);
        Assert.InRange(pairs, threads * pairsEach, long.MaxValue);
    }

    private static readonly ConcurrentDictionary<Thread, Exception> s_failures = [];

    private static Thread OnThread(Action body)
    {
        var thread = new Thread(() =>
        {
            if (Record.Exception(body) is { } error) s_failures[Thread.CurrentThread] = error;
        });
        thread.Start();
        return thread;
    }

    private static void Join(Thread thread)
    {
        thread.Join();
        if (s_failures.TryRemove(thread, out var error))
            throw new InvalidOperationException($"on a thread: {error.Message}", error);
    }
}
