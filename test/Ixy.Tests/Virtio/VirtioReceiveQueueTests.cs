using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy.Tests.Virtio;

/// <summary>
/// Receive queues against a device played by hand: buffers in and out of order, lies, merged buffers, notifications.
/// </summary>
public sealed unsafe class VirtioReceiveQueueTests
{
    private const uint Header = 12;
    private static readonly NetworkDeviceOptions s_options =
        new() { RingSize = 64, PoolSize = 128, CheckedPools = true };
    private static readonly VirtioQueueOptions s_modern = new(s_options, VirtioFeatures.Version1, 1518);
    private static readonly VirtioQueueOptions s_merging = new(
        s_options with { MaxFrameSize = 5000, BufferSize = 2048 },
        VirtioFeatures.Version1 | VirtioFeatures.MergeableBuffers, 5000);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheDeviceGetsEveryBufferWithRoomForTheHeaderInFront(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var queue = ring.OpenReceiveQueue(s_modern);
        queue.Start();

        var offered = ring.TakeAll();

        Assert.Equal(64, offered.Select(buffer => buffer.Address).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 64), offered.Select(buffer => buffer.Id).Order());
        Assert.All(offered, buffer => Assert.Equal((Header + 2048, true), (buffer.Length, buffer.IsWritable)));
        Assert.All(offered, buffer => Assert.Equal(0u, (buffer.Address + Header) % 64));
        Assert.Equal(4u, ring.Card.Bar.Read16(0x104)); // the queue's number (4.1.5.2)
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ALegacyHeaderHasTenBytes(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var queue = ring.OpenReceiveQueue(s_modern with { Features = VirtioFeatures.AnyLayout });
        queue.Start();
        var offered = ring.TakeAll();
        Assert.All(offered, buffer => Assert.Equal((2058u, 54u), (buffer.Length, (uint)(buffer.Address % 64))));
        ring.Use(offered[0].Id, 70);
        Assert.Equal([60], Take(queue));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BuffersComeBackInAnyOrder(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var queue = ring.OpenReceiveQueue(s_modern);
        queue.Start();
        var random = new Random(17);
        var owned = new List<OfferedBuffer>();
        var packets = new Packet[24];
        ushort sent = 0, received = 0;
        for (int round = 0; round < 3000; round++)
        {
            owned.AddRange(ring.TakeAll());
            Assert.Equal(owned.Count, owned.Select(buffer => buffer.Address).Distinct().Count());
            Assert.InRange(owned.Count, 61, 64); // all but those just taken
            for (int count = random.Next(1, 24); count > 0; count--)
            {
                var buffer = owned[random.Next(owned.Count)];
                owned.Remove(buffer);
                *(ushort*)(buffer.Address + Header) = sent++;
                ring.Use(buffer.Id, Header + 60);
            }
            int taken = queue.Receive(packets);
            foreach (var packet in packets.AsSpan(0, taken))
                Assert.Equal(received++, BitConverter.ToUInt16(packet.Data));
            PacketPool.Free(packets.AsSpan(0, taken));
            Assert.Equal(sent, received);
        }
        Assert.Equal((0, queue.Packets * 60), (queue.Dropped, queue.Bytes));
    }

    [Theory]
    [InlineData(false, 0u)] // less than a header
    [InlineData(false, Header)] // a frame cannot be empty
    [InlineData(false, Header + 1519)] // longer than MaxFrameSize
    [InlineData(false, Header + 2049)] // more than the buffer holds
    [InlineData(false, uint.MaxValue)]
    [InlineData(true, 0u)]
    [InlineData(true, Header)]
    [InlineData(true, Header + 1519)]
    [InlineData(true, Header + 2049)]
    [InlineData(true, uint.MaxValue)]
    public void ALengthThatCannotBeIsDroppedAndCountedAndTheBufferReused(bool packed, uint length)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var queue = ring.OpenReceiveQueue(s_modern);
        queue.Start();
        var offered = ring.TakeAll();
        int available = queue.Pool.Available;
        ring.Use(offered[0].Id, length);
        ring.Use(offered[1].Id, Header + 64);

        Assert.Equal([64], Take(queue));

        Assert.Equal((1, 1), (queue.Dropped, queue.Packets));
        Assert.Equal(available, queue.Pool.Available);
        for (int i = 2; i < 8; i++) ring.Use(offered[i].Id, Header + 64);
        Assert.Equal(6, Take(queue).Count);
        Assert.Contains(offered[0], ring.TakeAll());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ADescriptorThatDoesNotExistIsAnError(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var queue = ring.OpenReceiveQueue(s_modern);
        queue.Start();
        ring.Use(64, Header + 64);
        var error = Assert.Throws<DeviceProtocolException>(() => queue.Receive(new Packet[1]));
        Assert.Contains("64: expected 0 to 63", error.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AnEmptyPoolDropsAndCountsAndDoesNotHoldTheCaller(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var queue = ring.OpenReceiveQueue(s_modern);
        queue.Start();
        var hoard = new Packet[64];
        Assert.Equal(64, queue.Pool.Allocate(hoard));
        foreach (var buffer in ring.TakeAll()) ring.Use(buffer.Id, Header + 60);
        Assert.Equal(0, queue.Receive(new Packet[1]));
        Assert.Equal(64, queue.Dropped);
        PacketPool.Free(hoard);
        foreach (var buffer in ring.TakeAll()) ring.Use(buffer.Id, Header + 60);
        Assert.Equal(64, Take(queue).Count);
    }

    [Theory]
    [InlineData(false, 2048, 1)] // just fills one
    [InlineData(false, 2049, 2)]
    [InlineData(false, 5000, 3)]
    [InlineData(true, 2048, 1)]
    [InlineData(true, 2049, 2)]
    [InlineData(true, 5000, 3)]
    public void AFrameInSeveralBuffersIsPutTogether(bool packed, int length, int buffers)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var queue = ring.OpenReceiveQueue(s_merging);
        queue.Start();
        var owned = new Queue<OfferedBuffer>();
        var packets = new Packet[2];
        for (int round = 0; round < 200; round++)
        {
            foreach (var buffer in ring.TakeAll()) owned.Enqueue(buffer);
            byte[] frame = DriverBench.Frame(round, length);
            Assert.Equal(buffers, Deliver(ring, owned, frame));
            Deliver(ring, owned, DriverBench.Frame(round));
            Assert.Equal(2, queue.Receive(packets));
            Assert.Equal(frame, packets[0].Data.ToArray());
            Assert.Equal(DriverBench.Frame(round), packets[1].Data.ToArray());
            PacketPool.Free(packets);
        }
        Assert.Equal((400, 0, 200L * (length + 60)), (queue.Packets, queue.Dropped, queue.Bytes));
    }

    [Fact]
    public void HalfAFrameWaitsForTheOtherHalf()
    {
        using var ring = HandPlayedRing.Create(packed: false);
        using var queue = ring.OpenReceiveQueue(s_merging);
        queue.Start();
        var offered = ring.TakeAll();
        *(ushort*)(offered[0].Address + 10) = 2;
        ring.Use(offered[0].Id, Header + 2048);
        Assert.Empty(Take(queue));
        ring.Use(offered[1].Id, 100);
        Assert.Equal([2148], Take(queue));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AMergedFrameThatIsTooLongOrTornIsDroppedWhole(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var queue = ring.OpenReceiveQueue(s_merging);
        queue.Start();
        var owned = new Queue<OfferedBuffer>(ring.TakeAll());
        Deliver(ring, owned, DriverBench.Frame(1, 5001));
        Deliver(ring, owned, DriverBench.Frame(2));
        Assert.Equal([60], Take(queue));
        Assert.Equal((1, 1), (queue.Dropped, queue.Packets));

        // The second of two buffers has no valid length, so neither has the frame.
        var (first, second) = (owned.Dequeue(), owned.Dequeue());
        *(ushort*)(first.Address + 10) = 2;
        ring.Use(first.Id, Header + 2048);
        ring.Use(second.Id, uint.MaxValue);
        Assert.Empty(Take(queue));
        Assert.Equal((2, 1), (queue.Dropped, queue.Packets));

        *(ushort*)(owned.Peek().Address + 10) = 65;
        ring.Use(owned.Dequeue().Id, Header + 2048);
        var error = Assert.Throws<DeviceProtocolException>(() => queue.Receive(new Packet[1]));
        Assert.Contains("a frame in 65 buffers: expected at most 64", error.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WithoutBuffersForMergedFramesTheyAreDropped(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed);
        using var queue = ring.OpenReceiveQueue(
            s_merging with { Device = s_merging.Device with { MaxFrameSize = 2048 } });
        queue.Start();
        var owned = new Queue<OfferedBuffer>(ring.TakeAll());
        Deliver(ring, owned, DriverBench.Frame(1, 3000));
        Deliver(ring, owned, DriverBench.Frame(2, 2048));
        Assert.Equal([2048], Take(queue));
        Assert.Equal((1, 1, 5048), (queue.Dropped, queue.Packets, queue.Bytes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheDeviceIsToldOnlyIfItWantsToBe(bool packed)
    {
        using var ring = HandPlayedRing.Create(packed, givesPointers: false);
        ring.SuppressNotifications();
        using var queue = ring.OpenReceiveQueue(s_modern);
        queue.Start();
        for (int round = 0; round < 100; round++)
        {
            ring.Use(round % 64, Header + 60);
            Assert.Equal([60], Take(queue));
        }
        Assert.Equal(0, ring.Notifications);
    }

    // Returns to the ring what the device took from it: the header in the first buffer says how many (5.1.6.3.2).
    private static int Deliver(HandPlayedRing ring, Queue<OfferedBuffer> owned, byte[] frame)
    {
        byte[] bytes = [.. new byte[Header], .. frame];
        var parts = bytes.Chunk((int)Header + 2048).Select(part => (Part: part, Buffer: owned.Dequeue())).ToArray();
        bytes[10] = parts[0].Part[10] = (byte)parts.Length;
        foreach (var (part, buffer) in parts)
        {
            part.CopyTo(new Span<byte>((void*)buffer.Address, (int)buffer.Length));
            ring.Use(buffer.Id, (uint)part.Length);
        }
        return parts.Length;
    }

    private static List<int> Take(VirtioReceiveQueue queue)
    {
        var packets = new Packet[100];
        int taken = queue.Receive(packets);
        var lengths = packets.Take(taken).Select(packet => packet.Length).ToList();
        PacketPool.Free(packets.AsSpan(0, taken));
        return lengths;
    }
}
