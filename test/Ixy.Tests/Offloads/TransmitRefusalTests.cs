namespace Ixy.Tests;

/// <summary>
/// Packets that no device can send, though anybody may put them on a wire: one contract for all drivers.
/// </summary>
public sealed class TransmitRefusalTests
{
    private const int Longest = 1518;

    public static TheoryData<OffloadCard> Cards => OffloadBench.Cards;

    [Theory]
    [MemberData(nameof(Cards))]
    public void EveryDriverRefusesTheSameLengthsWithTheSameWords(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.None);
        var queue = bench.Device.TransmitQueues[0];
        foreach (int length in (int[])[0, 1, 13, 1519, 1522, 1523])
        {
            var packets = bench.Allocate(PacketFlags.None, new byte[length]);
            Assert.Equal(0, queue.Transmit(packets));
            string expected = length < 14
                ? $"a packet of {length} bytes cannot be sent: expected at least 14, an Ethernet header"
                : $"a packet of {length} bytes cannot be sent: expected at most 1518, or 1522 with a VLAN tag "
                    + "(NetworkDeviceOptions.MaxFrameSize, the device's MTU)";
            Assert.Equal(expected, queue.Examine(packets[0]).ToString());
            Assert.Equal(
                length < 14 ? TransmitRefusalReason.TooShort
                : TransmitRefusalReason.TooLong, queue.Examine(packets[0]).Reason);
            packets[0].Free();
        }
        Assert.Equal((0, 0), (queue.Packets, queue.Pending));
    }

    // 82599 datasheet 7.2.3.2.4: nothing below 17 bytes; HLREG0.TXPADEN pads the rest. Old buffer contents must not
    // leave.
    [Theory]
    [MemberData(nameof(Cards))]
    public void ShortFramesLeaveWithNothingButZeroesBehindThem(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.None);
        for (int length = 14; length <= 64; length++)
        {
            byte[] frame = CaptureLike(length);
            var packets = bench.Allocate(PacketFlags.None, DriverBench.Frame(1), frame, DriverBench.Frame(2));
            packets[1].Length = 2048;
            packets[1].Data[length..].Fill(0xEE);
            packets[1].Length = length;
            Assert.Equal(
                [DriverBench.Frame(1), OffloadBench.OnWire(card, frame), DriverBench.Frame(2)], bench.Send(packets));
        }
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void TheRestOfABatchIsSentAndWhatCannotBeIsCounted(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.All);
        var queue = bench.Device.TransmitQueues[0];
        int available = bench.Device.ReceiveQueues[0].Pool.Available;
        byte[][] good = [
            DriverBench.Frame(1), DriverBench.Frame(2, 1518), OffloadBench.Tagged(DriverBench.Frame(3, 1518), 5),
            DriverBench.Frame(4)];
        var packets = bench.Allocate(
            PacketFlags.None, new byte[1], good[0], new byte[1600], new byte[13], good[1], good[2], new byte[60],
            good[3], []);
        packets[6].Flags = PacketFlags.InsertL4Checksum;

        Assert.Equal(packets.Length, bench.Device.TransmitOrDrop(packets));

        DriverBench.Until(() => bench.Wire.FromCard.Count == good.Length, "the good ones");
        Assert.Equal(good, bench.Wire.FromCard);
        Assert.Equal(5, queue.Dropped);
        Assert.Equal(5, bench.Device.ReadStatistics().TxDropped);
        Assert.Equal(
            "a packet of 0 bytes cannot be sent: expected at least 14, an Ethernet header",
            queue.LastRefusal.ToString());
        Assert.Equal(available - good.Length, bench.Device.ReceiveQueues[0].Pool.Available);
    }

    // The caller, who frees the batch on an exception, must still own all of it.
    [Theory]
    [MemberData(nameof(Cards))]
    public void WhatCannotBeAskedForThrowsOnlyWhileNothingIsGone(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.None);
        var queue = bench.Device.TransmitQueues[0];
        int available = bench.Device.ReceiveQueues[0].Pool.Available;
        var packets = bench.Allocate(
            PacketFlags.None, DriverBench.Frame(1), new byte[1], new byte[13], DriverBench.Frame(2),
            DriverBench.Frame(3));
        packets[4].Flags = PacketFlags.InsertVlan;

        Assert.Equal(3, queue.TransmitOrDrop(packets));
        Assert.Equal((1, 2), (queue.Packets, queue.Dropped));
        Assert.Throws<ArgumentException>(() => queue.TransmitOrDrop(packets.AsSpan(3)));
        Assert.Equal((1, 2), (queue.Packets, queue.Dropped));
        Assert.Equal(1, queue.TransmitOrDrop(packets.AsSpan(3, 1)));
        packets[4].Free();

        DriverBench.Until(() => bench.Wire.FromCard.Count == 2, "the good ones");
        Assert.Equal([DriverBench.Frame(1), DriverBench.Frame(2)], bench.Wire.FromCard);
        Assert.Equal(available - 2, bench.Device.ReceiveQueues[0].Pool.Available);
    }

    // A full ring is not a reason to drop anything.
    [Theory]
    [MemberData(nameof(Cards))]
    public void WhatAFullRingDoesNotTakeIsNotRefused(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.None, DriverBench.Defaults with { RingSize = 64 });
        var queue = bench.Device.TransmitQueues[0];
        var packets = bench.Allocate(PacketFlags.None, [.. DriverBench.Frames(400)]);
        int done = queue.TransmitOrDrop(packets);
        Assert.InRange(done, 32, 399);
        Assert.Equal((done, 0), (queue.Packets, queue.Dropped));
        Assert.False(queue.Examine(packets[done]).IsRefused);
        PacketPool.Free(packets.AsSpan(done));
    }

    // What one device receives can be sent by another with the same limit, and by the device itself.
    [Theory]
    [MemberData(nameof(Cards))]
    public void WhatIsReceivedCanBeSent(OffloadCard card)
    {
        using DriverBench from = OffloadBench.Open(card, Offloads.None)
            , ixgbe = OffloadBench.Open(OffloadCard.Ixgbe, Offloads.None),
            virtio = OffloadBench.Open(OffloadCard.Split, Offloads.None);
        var packet = new Packet[1];
        int longest = 0;
        for (int tags = 0; tags <= 3; tags++)
        {
            for (int length = Longest - 2; length <= Longest + 6; length++)
            {
                byte[] frame = CaptureLike(length);
                for (int i = 0; i < tags; i++) (frame[12 + 4 * i], frame[13 + 4 * i]) = (0x81, 0);
                from.Wire.Deliver(frame);
                from.Wire.Deliver(DriverBench.Frame(7));
                // Either the frame comes and then the other one, or only the other one.
                DriverBench.Until(() => from.Device.Receive(packet) == 1, "a frame");
                if (packet[0].Length == 60)
                {
                    packet[0].Free();
                    Assert.True(
                        length > (tags > 0 ? Longest + 4 : Longest), $"{length} bytes, {tags} tags: not received");
                    continue;
                }
                longest = Math.Max(longest, length);
                foreach (var bench in new[] { from, ixgbe, virtio })
                    Assert.False(bench.Device.TransmitQueues[0].Examine(packet[0]).IsRefused);
                packet[0].Free();
                DriverBench.Until(() => from.Device.Receive(packet) == 1, "the other frame");
                packet[0].Free();
            }
        }
        Assert.Equal(Longest + 4, longest);
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void ToRefuseAllocatesNothing(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.All, new() { CheckedPools = false });
        var pool = bench.Device.ReceiveQueues[0].Pool;
        var packets = new Packet[4];
        Allocations.None(() =>
        {
            if (pool.Allocate(packets) != packets.Length) throw new InvalidOperationException("no buffers");
            (packets[0].Length, packets[1].Length, packets[2].Length, packets[3].Length) = (13, 1600, 60, 60);
            packets[2].Data.Clear();
            packets[2].Flags = PacketFlags.InsertL4Checksum;
            packets[3].Data.Clear();
            (packets[3].Data[12], packets[3].Data[14]) = (0x08, 0x65);
            packets[3].Flags = PacketFlags.InsertIpChecksum;
            if (bench.Device.TransmitOrDrop(packets) != packets.Length)
                throw new InvalidOperationException("not all dropped");
        }, 200);
        Assert.NotEqual(0, bench.Device.TransmitQueues[0].Dropped);
    }

    private static byte[] CaptureLike(int length)
    {
        byte[] frame = new byte[length];
        for (int i = 0; i < length; i++) frame[i] = (byte)(i * 7 + length);
        (frame[0], frame[12], frame[13]) = (0x02, 0x88, 0xB5);
        return frame;
    }
}
