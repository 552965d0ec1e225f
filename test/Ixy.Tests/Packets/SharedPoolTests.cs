using System.Collections.Concurrent;
using Ixy.Pools;

namespace Ixy.Tests.Packets;

/// <summary>Pools that several threads use: caches, the store between them, and what is claimed back.</summary>
public sealed unsafe class SharedPoolTests
{
    // More than SmallestCached, so that threads have caches.
    private const int Count = 4096;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhatAThreadHoldsInItsCacheIsThereForAnother(bool isChecked)
    {
        using var pool = new PacketPool(new() { Count = Count, Checked = isChecked });
        using var done = new ManualResetEventSlim();
        using var freed = new ManualResetEventSlim();
        var packets = new Packet[Count];
        Assert.Equal(Count, pool.Allocate(packets));
        // It lives on, and with it its cache; so what lies there has to be claimed.
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
    public void AReceiveQueueGetsWhatATransmitQueueHasAtHand()
    {
        using var pool = new PacketPool(new() { Count = Count, Checked = false });
        using var sent = new BufferCaches();
        var received = new BufferCache(owner: null);
        pool.Attach(received, isClaimable: false);
        var all = new ulong[Count];
        for (int i = 0; i < Count; i++) Assert.True(received.TryTake(out all[i]));
        Assert.False(received.TryTake(out _));

        // Less than a block: nothing of it goes to the store by itself.
        fixed (ulong* buffers = all) PacketPool.FreeSent(sent, buffers, 5);
        for (int i = 0; i < 5; i++) Assert.True(received.TryTake(out all[i]));
        Assert.False(received.TryTake(out _));
        Assert.Equal(Count, all.Distinct().Count());

        fixed (ulong* buffers = all) PacketPool.FreeSent(sent, buffers, Count);
        Assert.Equal(Count, pool.Available);
        pool.Detach(received);
    }

    [Fact]
    public void BuffersOfManyPoolsPassOneQueue()
    {
        var pools = Enumerable.Range(0, 9).Select(_ => new PacketPool(new() { Count = 512, Checked = false })).ToArray();
        using var sent = new BufferCaches();
        var packets = new Packet[9 * 512];
        for (int i = 0; i < packets.Length; i++) Assert.True(pools[i / 7 % 9].TryAllocate(out packets[i]) || pools.First(pool => pool.Available > 0).TryAllocate(out packets[i]));
        ulong[] all = [.. packets.Select(packet => packet.Buffer)];

        fixed (ulong* buffers = all) PacketPool.FreeSent(sent, buffers, all.Length);

        Assert.All(pools, pool => Assert.Equal(512, pool.Available));
        foreach (var pool in pools) pool.Dispose();
        // Their caches may be used again for others.
        using var another = new PacketPool(new() { Count = 512, Checked = false });
        Assert.True(another.TryAllocate(out var one));
        ulong reference = one.Buffer;
        PacketPool.FreeSent(sent, &reference, 1);
        Assert.Equal(512, another.Available);
    }

    // The last packet comes back just before, during or after Dispose: the memory goes in any case, and not before.
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
            // A checked pool says that packets are out, if they are; that is not what this is about.
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

    // Blocks go and come back while another thread is about to take them: none may be had by two.
    [Fact]
    public void ABlockOfTheStoreIsHadByOneThread()
    {
        var store = new BufferStore(4);
        int[] owners = new int[64];
        var threads = Enumerable.Range(1, 3).Select(number => OnThread(() =>
        {
            var random = new Random(number);
            for (int i = 0; i < 2_000_000; i++)
            {
                BufferBlock* first = store.TakeEmpty(), second = store.TakeEmpty();
                if (Interlocked.Exchange(ref owners[first->Index], number) != 0) throw new InvalidOperationException("the first is had by two");
                if (Interlocked.Exchange(ref owners[second->Index], number) != 0) throw new InvalidOperationException("the second is had by two");
                Volatile.Write(ref owners[first->Index], 0);
                Volatile.Write(ref owners[second->Index], 0);
                // The one below goes back first now and then, so that the top is the same over another one.
                bool turns = random.Next(2) == 0;
                store.Give(turns ? second : first);
                store.Give(turns ? first : second);
            }
        })).ToArray();
        foreach (var thread in threads) Join(thread);
        store.Free();
    }

    [Fact]
    public void AnEmptyPoolStaysWhole()
    {
        // Far too few for three threads, so that they claim each other's caches all the time.
        using var pool = new PacketPool(new() { Count = 256, BufferSize = 64, Checked = true });
        Stress(pool, threads: 3, pairsEach: 5_000_000, most: 120);
        Assert.Equal(256, pool.Available);
        Assert.Empty(pool.FindLeaks());
    }

    // 10^8 packets are allocated and freed, half of them on another thread than the one that allocated them; the watch is on, and
    // a mark of our own besides: whoever gets a buffer must be the only one that has it.
    [Fact]
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
                    if (Interlocked.Exchange(ref owners[pool.IndexOf(packet.Buffer)], number) != 0) throw new InvalidOperationException("a buffer was given to two");
                }
                // Half of them to whoever comes next, and as many from whoever came before.
                int passed = ring.Enqueue(batch[..(got / 2)]);
                Free(batch[passed..got]);
                done += got - passed;
                int taken = ring.Dequeue(batch);
                Free(batch[..taken]);
                done += taken;
                Interlocked.Add(ref pairs, got - passed + taken);
                // The others may hold all there are.
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
        if (s_failures.TryRemove(thread, out var error)) throw new InvalidOperationException($"on a thread: {error.Message}", error);
    }
}
