using Ixy.Simulation.Virtio;

namespace Ixy.Tests;

/// <summary>IEEE 802.1Q tags that are removed from frames and inserted into them.</summary>
public sealed class VlanTests
{
    private const ushort Tag = 0xB064; // priority 5, drop eligible, VLAN 100

    public static TheoryData<OffloadCard> Cards => OffloadBench.Cards;

    [Theory]
    [MemberData(nameof(Cards))]
    public void ATagIsStripped(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.VlanStrip);
        foreach (int length in (int[])[60, 61, 500, 1514])
        {
            byte[] frame = DriverBench.Frame(length, length);
            using (var tagged = new Received(bench, OffloadBench.Tagged(frame, Tag)))
            {
                Assert.Equal((PacketFlags.VlanStripped, Tag), (tagged.Packet.Flags, tagged.Packet.VlanTag));
                Assert.Equal(frame, tagged.Packet.Data.ToArray());
            }
            using var plain = new Received(bench, frame);
            Assert.Equal(PacketFlags.None, plain.Packet.Flags);
            Assert.Equal(frame, plain.Packet.Data.ToArray());
        }
    }

    // RXDCTL.VME is per queue (82599 datasheet 8.2.3.8.6).
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void EveryQueueStrips(bool isIxgbe)
    {
        const int Queues = 4;
        var options =
            DriverBench.Defaults with
            {
                Offloads = Offloads.VlanStrip,
                ReceiveQueues = Queues,
                TransmitQueues = Queues,
                RingSize = 64,
                PoolSize = 256
            };
        using var bench = isIxgbe ? new DriverBench(options)
            : new DriverBench(options, new VirtioCardOptions { QueuePairs = Queues });
        var used = new HashSet<int>();
        var packet = new Packet[1];
        for (int flow = 0; flow < 200 && used.Count < Queues; flow++)
        {
            byte[] frame = DriverBench.Frame(flow * 77);
            bench.Wire.Deliver(OffloadBench.Tagged(frame, Tag));
            int queue = -1;
            DriverBench.Until(
                () => (queue = bench.Device.ReceiveQueues.TakeWhile(each => each.Receive(packet) == 0)
                .Count()) < Queues, "a frame");
            Assert.Equal((queue, PacketFlags.VlanStripped, Tag), (queue, packet[0].Flags, packet[0].VlanTag));
            Assert.Equal(frame, packet[0].Data.ToArray());
            packet[0].Free();
            used.Add(queue);
        }
        Assert.Equal(Queues, used.Count);
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void WithoutTheOptionATagStays(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.All & ~Offloads.VlanStrip);
        byte[] frame = OffloadBench.Tagged(DriverBench.Frame(1), Tag);
        using var received = new Received(bench, frame);
        Assert.Equal(PacketFlags.None, received.Packet.Flags & PacketFlags.VlanStripped);
        Assert.Equal(frame, received.Packet.Data.ToArray());
    }

    // Of two tags, the outer one, if it is a customer tag.
    [Theory]
    [MemberData(nameof(Cards))]
    public void OneTagIsStrippedAndNoOtherKind(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.VlanStrip);
        byte[] inner = OffloadBench.Tagged(DriverBench.Frame(1), 7);
        using (var twice = new Received(bench, OffloadBench.Tagged(inner, Tag)))
            Assert.Equal(inner, twice.Packet.Data.ToArray());
        byte[] service = OffloadBench.Tagged(DriverBench.Frame(1), Tag);
        (service[12], service[13]) = (0x88, 0xA8);
        using var other = new Received(bench, service);
        Assert.Equal(service, other.Packet.Data.ToArray());
        Assert.Equal(PacketFlags.None, other.Packet.Flags);
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void ATagIsInserted(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.VlanInsert);
        // Headers need not be parseable, and a frame may already be tagged.
        byte[][] frames = [
            DriverBench.Frame(1), DriverBench.Frame(2, 1514), OffloadBench.Tagged(DriverBench.Frame(3, 100), 3),
            [.. new byte[12], 0x88, 0xB5, .. new byte[46]]];
        var packets = bench.Allocate(PacketFlags.InsertVlan, frames);
        foreach (ref var packet in packets.AsSpan()) packet.VlanTag = Tag;
        // One without a tag in the middle.
        packets[1].Flags = PacketFlags.None;
        byte[][] sent = bench.Send(packets);
        Assert.Equal(
            [OffloadBench.Tagged(frames[0], Tag), frames[1], OffloadBench.Tagged(frames[2], Tag),
            OffloadBench.Tagged(frames[3], Tag)], sent);
    }

    // Together with checksums, whose position moves.
    [Theory]
    [MemberData(nameof(Cards))]
    public void ATagGoesTogetherWithChecksums(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.VlanInsert | Offloads.TransmitChecksum);
        OffloadFrame[] frames = [.. OffloadFrame.All.Where(frame => frame.Bytes.Length <= 1514)];
        var packets = bench.Allocate(PacketFlags.Requests, [.. frames.Select(frame => frame.Unfinished)]);
        for (int i = 0; i < packets.Length; i++) packets[i].VlanTag = (ushort)i;
        byte[][] sent = bench.Send(packets);
        Assert.Equal(
            frames.Select((frame, i) => OffloadBench.OnWire(card, OffloadBench.Tagged(frame.Bytes, (ushort)i))), sent);
    }

    // The stripped tag is in the packet and goes back to its place.
    [Theory]
    [MemberData(nameof(Cards))]
    public void AStrippedTagIsInsertedAgain(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.VlanStrip | Offloads.VlanInsert);
        for (int i = 0; i < 200; i++)
        {
            byte[] frame = OffloadBench.Tagged(DriverBench.Frame(i, 60 + i), (ushort)(Tag + i));
            bench.Wire.Deliver(frame);
            var packet = new Packet[1];
            DriverBench.Until(() => bench.Device.Receive(packet) == 1, "a frame");
            packet[0].Flags |= PacketFlags.InsertVlan;
            Assert.Equal(frame, Assert.Single(bench.Send(packet)));
        }
    }

    [Theory]
    [InlineData(OffloadCard.Ixgbe, 1519)]
    [InlineData(OffloadCard.Packed, 1519)]
    public void AFrameWithoutRoomForATagIsRefused(OffloadCard card, int length)
    {
        using var bench = OffloadBench.Open(card, Offloads.VlanInsert);
        var packets = bench.Allocate(PacketFlags.InsertVlan, new byte[60], new byte[length]);
        Assert.Equal(1, bench.Device.Transmit(packets));
        var refusal = bench.Device.TransmitQueues[0].Examine(packets[1]);
        Assert.Equal(TransmitRefusalReason.TooLong, refusal.Reason);
        Assert.Contains(
            $"a packet of {length} bytes cannot get a VLAN tag: expected at most 1518 before", refusal.ToString());
        packets[1].Free();
    }

    // A full frame may be four bytes longer with a tag, which does not count (82599 datasheet 8.2.3.22.13).
    [Theory]
    [MemberData(nameof(Cards))]
    public void AStrippedTagOfAFullFrameIsInsertedAgain(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.VlanStrip | Offloads.VlanInsert);
        byte[] frame = OffloadBench.Tagged(DriverBench.Frame(1, 1518), Tag);
        bench.Wire.Deliver(frame);
        var packet = new Packet[1];
        DriverBench.Until(() => bench.Device.Receive(packet) == 1, "a frame");
        Assert.Equal((PacketFlags.VlanStripped, 1518), (packet[0].Flags, packet[0].Length));
        packet[0].Flags |= PacketFlags.InsertVlan;
        Assert.Equal(frame, Assert.Single(bench.Send(packet)));
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void WithoutTheOptionATagIsRefused(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.All & ~Offloads.VlanInsert);
        var packets = bench.Allocate(PacketFlags.InsertVlan, DriverBench.Frame(1));
        var error = Assert.Throws<ArgumentException>(() => bench.Device.Transmit(packets));
        Assert.Contains(
            "asks for InsertVlan: open the device with VlanInsert in NetworkDeviceOptions.Offloads", error.Message);
        PacketPool.Free(packets);
    }

    private sealed class Received : IDisposable
    {
        internal Received(DriverBench bench, byte[] frame)
        {
            bench.Wire.Deliver(frame);
            var batch = new Packet[1];
            DriverBench.Until(() => bench.Device.Receive(batch) == 1, "a frame");
            Packet = batch[0];
        }

        internal Packet Packet { get; }

        public void Dispose() => Packet.Free();
    }
}
