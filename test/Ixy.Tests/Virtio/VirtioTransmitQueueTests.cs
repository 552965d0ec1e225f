using Ixy.Checks;
using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy.Tests.Virtio;

/// <summary>Transmit queues against a device played by hand.</summary>
public sealed unsafe class VirtioTransmitQueueTests
{
    private const uint Header = 12;
    private static readonly VirtioQueueOptions s_modern = new(new() { RingSize = 64 }, VirtioFeatures.Version1, 1518);

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void APacketBecomesOneDescriptorWithAHeaderOfZeros(bool packed, bool modern)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var queue = ring.OpenTransmitQueue(
            modern ? s_modern : s_modern with { Features = VirtioFeatures.AnyLayout });
        uint header = modern ? 12u : 10;
        using var pool = new PacketPool(new() { Count = 64 });
        var packets = Allocate(pool, 17);
        // What a receive queue left there.
        foreach (var packet in packets) new Span<byte>((byte*)(packet.Buffer & Packet.AddressMask) - 64, 64).Fill(0xEE);

        Assert.Equal(17, queue.Transmit(packets));

        var offered = ring.TakeAll();
        Assert.Equal(
            packets.Select(packet => (packet.Buffer & Packet.AddressMask) - header),
            offered.Select(buffer => buffer.Address));
        Assert.All(offered, buffer => Assert.Equal((header + 60, false), (buffer.Length, buffer.IsWritable)));
        Assert.All(offered,
            buffer => Assert.Equal(new byte[header], new Span<byte>((void*)buffer.Address, (int)header).ToArray()));
        Assert.Equal(4u, ring.Card.Bar.Read16(0x104));
        Assert.Equal((17, 17, 17 * 60), (queue.Packets, queue.Pending, queue.Bytes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BuffersComeBackInAnyOrder(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var driver = ring.OpenTransmitQueue(s_modern);
        var queue = new CheckedTransmitQueue(driver, "transmit queue 0");
        using var pool = new PacketPool(new() { Count = 200, Checked = true });
        var random = new Random(18);
        var owned = new List<OfferedBuffer>();
        ushort given = 0, seen = 0;
        for (int round = 0; round < 3000; round++)
        {
            var packets = Allocate(pool, random.Next(1, 40));
            int sent = queue.Transmit(Number(packets, given));
            given += (ushort)sent;
            PacketPool.Free(packets.AsSpan(sent));
            foreach (var buffer in ring.TakeAll())
            {
                Assert.Equal(seen++, *(ushort*)(buffer.Address + Header));
                Assert.DoesNotContain(owned, other => other.Id == buffer.Id || other.Address == buffer.Address);
                owned.Add(buffer);
            }
            Assert.Equal(given, seen);
            Assert.Equal(200 - queue.Pending, pool.Available);
            for (int count = random.Next(0, owned.Count + 1); count > 0; count--)
            {
                var buffer = owned[random.Next(owned.Count)];
                owned.Remove(buffer);
                ring.Use(buffer.Id, 0);
            }
            Assert.Equal(owned.Count == 0, queue.IsDrained);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheWholeRingCanBeGivenAway(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var pool = new PacketPool(new() { Count = 100 });
        var packets = Allocate(pool, 100);
        using (var queue = ring.OpenTransmitQueue(s_modern))
        {
            Assert.Equal(64, queue.Transmit(packets));
            Assert.Equal(0, queue.Transmit(packets.AsSpan(64)));
            var offered = ring.TakeAll();
            foreach (var buffer in offered.Take(10)) ring.Use(buffer.Id, 0);
            Assert.Equal(10, queue.Transmit(packets.AsSpan(64)));
            Assert.Equal((74, 64), (queue.Packets, queue.Pending));
            PacketPool.Free(packets.AsSpan(74));
        }
        // What was never sent is returned with the queue.
        Assert.Equal(100, pool.Available);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OfABatchWithABadPacketTheDeviceSeesTheFrontAndOfOneWithAMisusedPacketNone(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var driver = ring.OpenTransmitQueue(s_modern);
        var queue = new CheckedTransmitQueue(driver, "transmit queue 0");
        using var pool = new PacketPool(new() { Count = 200, Checked = true });
        // In every position of the ring, and in both kinds of lap.
        for (int round = 0; round < 200; round++)
        {
            var packets = Allocate(pool, 5);
            packets[2].Length = round % 2 == 0 ? 13 : 1519;
            Assert.Equal(2, queue.Transmit(packets));
            var front = ring.TakeAll();
            Assert.Equal(
                packets.Take(2).Select(packet => (packet.Buffer & Packet.AddressMask) - Header),
                front.Select(buffer => buffer.Address));
            foreach (var buffer in front) ring.Use(buffer.Id, 0);
            packets[2].Free();
            packets = [.. packets.Skip(3), .. Allocate(pool, 3)];
            var twice = new[] { packets[0], packets[1], packets[1] };
            Assert.Throws<PacketMisuseException>(() => queue.Transmit(twice));
            Assert.Empty(ring.TakeAll());

            // The caller still owns all of them.
            Assert.Equal(2, queue.Transmit(packets.AsSpan(0, 2)));
            var offered = ring.TakeAll();
            Assert.Equal(
                packets.Take(2).Select(packet => (packet.Buffer & Packet.AddressMask) - Header),
                offered.Select(buffer => buffer.Address));
            foreach (var buffer in offered) ring.Use(buffer.Id, 0);
            PacketPool.Free(packets.AsSpan(2));
        }
    }

    [Theory]
    [InlineData(false, 63)] // never given to the device
    [InlineData(false, 64)] // does not exist
    [InlineData(true, 63)]
    [InlineData(true, 64)]
    public void WhatWasNotGivenCannotComeBack(bool packed, int id)
    {
        using var pool = new PacketPool(new() { Count = 200 });
        using (var ring = HandPlayedRing.Create(packed))
        using (var queue = ring.OpenTransmitQueue(s_modern))
        {
            Assert.Equal(40, queue.Transmit(Allocate(pool, 40)));
            ring.Use(0, 0);
            ring.Use(id, 0);
            var error = Assert.Throws<DeviceProtocolException>(() => queue.Transmit([]));
            Assert.Contains($"descriptor {id} as sent", error.Message);
        }
        Assert.Equal(200, pool.Available);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheDeviceIsToldOnlyIfItWantsToBe(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed, givesPointers: false);
        using var queue = ring.OpenTransmitQueue(s_modern);
        using var pool = new PacketPool(new() { Count = 200 });
        queue.Transmit(Allocate(pool, 3));
        queue.Transmit(Allocate(pool, 3));
        Assert.Equal(2, ring.Notifications);
        ring.SuppressNotifications();
        queue.Transmit(Allocate(pool, 3));
        Assert.Equal(2, ring.Notifications);
    }

    // Event index (2.7.10, 2.8.10): the device names the buffer it wants to be notified of.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheDeviceIsToldOfTheVeryBufferItNames(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed, eventIndex: true, givesPointers: false);
        using var queue = ring.OpenTransmitQueue(s_modern);
        using var pool = new PacketPool(new() { Count = 200 });
        var random = new Random(19);
        for (int round = 0; round < 2000; round++)
        {
            // Never so many that they are reclaimed unasked.
            int wish = random.Next(1, 30), before = ring.Notifications;
            ring.WishNotification(wish);
            for (int given = 0; given < 16;)
            {
                int count = random.Next(1, 5);
                given += queue.Transmit(Allocate(pool, count));
                bool told = ring.Notifications > before;
                Assert.Equal(given >= wish, told);
            }
            foreach (var buffer in ring.TakeAll()) ring.Use(buffer.Id, 0);
        }
    }

    private static Packet[] Allocate(PacketPool pool, int count)
    {
        var packets = new Packet[count];
        Assert.Equal(count, pool.Allocate(packets));
        foreach (ref var packet in packets.AsSpan()) packet.Length = 60;
        return packets;
    }

    private static Packet[] Number(Packet[] packets, ushort first)
    {
        foreach (var packet in packets) BitConverter.TryWriteBytes(packet.Data, first++);
        return packets;
    }
}
