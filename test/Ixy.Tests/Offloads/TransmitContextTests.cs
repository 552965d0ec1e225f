namespace Ixy.Tests;

/// <summary>Packets that need context descriptors among others that do not, many times around the ring.</summary>
public sealed class TransmitContextTests
{
    private const Offloads Transmit = Offloads.TransmitChecksum | Offloads.VlanInsert;

    public static TheoryData<OffloadCard, int, int> Mixtures()
    {
        var data = new TheoryData<OffloadCard, int, int>();
        foreach (var card in (OffloadCard[])[OffloadCard.Ixgbe, OffloadCard.Split, OffloadCard.Packed])
        {
            foreach (int share in (int[])[5, 50, 100]) data.Add(card, share, 64);
        }
        data.Add(OffloadCard.Ixgbe, 50, 512);
        data.Add(OffloadCard.Ixgbe, 100, 512);
        return data;
    }

    [Theory]
    [MemberData(nameof(Mixtures))]
    public void AMixtureArrivesInOrderAndEveryBufferComesBack(OffloadCard card, int percentWithRequests, int ringSize)
    {
        using var bench = OffloadBench.Open(
            card, Transmit, DriverBench.Defaults with { RingSize = ringSize, PoolSize = 1024 });
        var (device, queue, pool) = (bench.Device, bench.Device.TransmitQueues[0], bench.Device.ReceiveQueues[0].Pool);
        int free = pool.Available;
        var random = new Random(ringSize + percentWithRequests);
        var expected = new List<byte[]>();
        for (bool isDrained = true; expected.Count < 20 * ringSize;)
        {
            var packets = new Packet[random.Next(1, 50)];
            packets = packets[..pool.Allocate(packets)];
            var frames = packets.Select(_ => OffloadFrame.All[random.Next(OffloadFrame.All.Count)]).ToArray();
            byte[][] whole = [
                .. frames.Select(
                    (frame, i) => Fill(ref packets[i], frame, random.Next(100) < percentWithRequests, random))];
            int sent = device.Transmit(packets);
            expected.AddRange(whole.Take(sent));
            PacketPool.Free(packets.AsSpan(sent));
            Assert.Equal(free - pool.Available, queue.Pending);
            Assert.Equal(expected.Count, queue.Packets);
            Assert.InRange(queue.Pending, 0, ringSize);
            // A ring that the card has drained has room.
            Assert.True(sent > 0 || !isDrained, "nothing was taken");
            isDrained = sent < packets.Length || random.Next(4) == 0;
            if (isDrained)
                DriverBench.Until(
                    () => queue.IsDrained && queue.Transmit([]) == 0
                    && queue.Pending <= ringSize / 2, "drained and cleaned up");
        }
        DriverBench.Until(() => bench.Wire.FromCard.Count == expected.Count, "all frames on the wire");
        Assert.Equal(expected.Select(frame => OffloadBench.OnWire(card, frame)), bench.Wire.FromCard);
        DriverBench.Until(
            () => queue.Transmit([]) == 0 && queue.Pending <= ringSize / 4 + 1, "all full groups are back");
    }

    // A context at the very end of a group, so that the next descriptor has to report: each packet needs its own
    // context (three tags alternate, the card remembers two), and packets come one by one, after a start of any length.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(15)]
    public void ContextsAtTheEndOfAGroupDoNotHoldItBack(int plain)
    {
        using var bench = OffloadBench.Open(
            OffloadCard.Ixgbe, Transmit, DriverBench.Defaults with { RingSize = 64, PoolSize = 256 });
        var queue = bench.Device.TransmitQueues[0];
        for (int i = 0; i < plain; i++) bench.Send(bench.Allocate(PacketFlags.None, OffloadFrame.All[0].Bytes));
        for (int i = 0; i < 200; i++)
        {
            var packets = bench.Allocate(PacketFlags.InsertVlan, OffloadFrame.All[0].Bytes);
            packets[0].VlanTag = (ushort)(i % 3);
            Assert.Equal(
                OffloadBench.Tagged(OffloadFrame.All[0].Bytes, (ushort)(i % 3)), Assert.Single(bench.Send(packets)));
            // Two descriptors each, so eight packets per group of 16: one group, and the started part of the next.
            Assert.InRange(queue.Pending, 0, 32);
        }
        // Plain packets then find the ring as usual.
        byte[][] frames = [.. DriverBench.Frames(300)];
        foreach (byte[][] portion in frames.Chunk(20))
            Assert.Equal(portion, bench.Send(bench.Allocate(PacketFlags.None, portion)));
        Assert.InRange(queue.Pending, 0, 32);
    }

    // Its owner may still change its mind.
    [Fact]
    public void APacketWithoutRoomStaysAsItIs()
    {
        using var bench = OffloadBench.Open(
            OffloadCard.Ixgbe, Transmit, DriverBench.Defaults with { RingSize = 64, PoolSize = 256 });
        bench.Wire.Signal = false;
        DriverBench.Until(() => !bench.Device.Link.IsUp, "link down");
        var plain = bench.Allocate(PacketFlags.None, [.. DriverBench.Frames(62)]);
        Assert.Equal(62, bench.Device.Transmit(plain));
        // One descriptor is free, and it needs two.
        byte[] frame = OffloadFrame.All[0].Bytes;
        var packet = bench.Allocate(PacketFlags.InsertL4Checksum | PacketFlags.InsertIpChecksum, frame);
        Assert.Equal(0, bench.Device.Transmit(packet));
        Assert.Equal(frame, packet[0].Data.ToArray());
        packet[0].Free();
    }

    // While all packets request the same, one context is enough.
    [Fact]
    public void AContextIsUsedAgain()
    {
        using var bench = OffloadBench.Open(
            OffloadCard.Ixgbe, Transmit, DriverBench.Defaults with { RingSize = 64, PoolSize = 256 });
        bench.Wire.Signal = false;
        DriverBench.Until(() => !bench.Device.Link.IsUp, "link down");
        // Two of 63 descriptors are contexts: TCP and UDP alternate.
        byte[][] frames = [.. Enumerable.Range(0, 63).Select(i => OffloadFrame.All[i % 2].Unfinished)];
        var packets = bench.Allocate(PacketFlags.InsertL4Checksum | PacketFlags.InsertIpChecksum, frames);
        Assert.Equal(61, bench.Device.Transmit(packets));
        Assert.Equal(0, bench.Device.Transmit(packets.AsSpan(61)));
        Assert.Equal((61, 61), (bench.Device.TransmitQueues[0].Packets, bench.Device.TransmitQueues[0].Pending));
        PacketPool.Free(packets.AsSpan(61));
        bench.Wire.Signal = true;
        DriverBench.Until(() => bench.Wire.FromCard.Count == 61, "what was queued goes out when the link is back");
    }

    // A packet and its context go together: if only one of them fits, both wait.
    [Fact]
    public void APacketWaitsWhereItsContextHasNoRoom()
    {
        using var bench = OffloadBench.Open(
            OffloadCard.Ixgbe, Transmit, DriverBench.Defaults with { RingSize = 64, PoolSize = 256 });
        bench.Wire.Signal = false;
        DriverBench.Until(() => !bench.Device.Link.IsUp, "link down");
        var plain = bench.Allocate(PacketFlags.None, [.. DriverBench.Frames(62)]);
        Assert.Equal(62, bench.Device.Transmit(plain));
        var packets = bench.Allocate(PacketFlags.InsertL4Checksum, OffloadFrame.All[0].Unfinished);
        Assert.Equal(0, bench.Device.Transmit(packets));
        Assert.Equal(62, bench.Device.TransmitQueues[0].Pending);
        bench.Wire.Signal = true;
        DriverBench.Until(() => bench.Wire.FromCard.Count == 62, "the others are out");
        byte[] sent = Assert.Single(bench.Send(packets));
        Assert.Equal(OffloadFrame.All[0].Bytes[50..], sent[50..]);
    }

    private static byte[] Fill(ref Packet packet, OffloadFrame frame, bool asks, Random random)
    {
        byte[] bytes = asks ? frame.Unfinished : frame.Bytes;
        packet.Length = bytes.Length;
        bytes.CopyTo(packet.Data);
        // Receive flags do not matter here.
        packet.Flags = PacketFlags.L4ChecksumBad | PacketFlags.IpChecksumGood | PacketFlags.VlanStripped;
        if (!asks) return frame.Bytes;
        packet.Flags |= PacketFlags.InsertIpChecksum | PacketFlags.InsertL4Checksum;
        bool isTagged = random.Next(2) == 0 && bytes.Length + 4 <= 1518;
        if (!isTagged) return frame.Bytes;
        packet.Flags |= PacketFlags.InsertVlan;
        packet.VlanTag = (ushort)random.Next(3);
        return OffloadBench.Tagged(frame.Bytes, packet.VlanTag);
    }
}
