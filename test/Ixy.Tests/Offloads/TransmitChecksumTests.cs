using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy.Tests;

/// <summary>
/// Checksums that applications leave to the device. Every fixture asserts that the card saw no broken rule.
/// </summary>
public sealed class TransmitChecksumTests
{
    private const PacketFlags Both = PacketFlags.InsertIpChecksum | PacketFlags.InsertL4Checksum;

    public static TheoryData<OffloadCard> Cards => OffloadBench.Cards;

    [Theory]
    [MemberData(nameof(Cards))]
    public void EveryKindOfFrameLeavesWithRightChecksums(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.TransmitChecksum);
        byte[][] sent = bench.Send(bench.Allocate(Both, [.. OffloadFrame.All.Select(frame => frame.Unfinished)]));
        Assert.All(OffloadFrame.All.Zip(sent),
            pair => Assert.Equal(OffloadBench.OnWire(card, pair.First.Bytes), pair.Second));
    }

    // Checksums that are not requested stay unchanged.
    [Theory]
    [MemberData(nameof(Cards))]
    public void EachChecksumIsAskedForByItself(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.TransmitChecksum);
        var frame = OffloadFrame.All[0];
        foreach (var flags in (PacketFlags[])[
            PacketFlags.None, PacketFlags.InsertIpChecksum, PacketFlags.InsertL4Checksum, Both])
        {
            byte[] expected = frame.Unfinished;
            if ((flags & PacketFlags.InsertIpChecksum) != 0)
                frame.Bytes.AsSpan(frame.Ip + 10, 2).CopyTo(expected.AsSpan(frame.Ip + 10));
            if ((flags & PacketFlags.InsertL4Checksum) != 0)
                frame.Bytes.AsSpan(frame.ChecksumAt, 2).CopyTo(expected.AsSpan(frame.ChecksumAt));
            Assert.Equal(expected, Assert.Single(bench.Send(bench.Allocate(flags, frame.Unfinished))));
        }
    }

    // A fragment's IPv4 header has its own checksum.
    [Theory]
    [MemberData(nameof(Cards))]
    public void AFragmentGetsItsIpChecksum(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.TransmitChecksum);
        byte[] fragment = OffloadFrame.All[0].Unfinished;
        fragment[20] = 0x20;
        byte[] sent = Assert.Single(bench.Send(bench.Allocate(PacketFlags.InsertIpChecksum, fragment)));
        Assert.Equal(0xFFFF, OffloadFrame.Sum(sent.AsSpan(14, 20)));
        Assert.Equal(fragment[34..], sent[34..]);
    }

    public static TheoryData<OffloadCard, string, string> Refusals()
    {
        var data = new TheoryData<OffloadCard, string, string>();
        foreach (var card in (OffloadCard[])[OffloadCard.Ixgbe, OffloadCard.Split, OffloadCard.Packed])
        {
            foreach (var (what, (_, _, found)) in s_unreadable) data.Add(card, what, found);
        }
        return data;
    }

    // A frame of OffloadFrame.All with one byte changed, and what the message says about it.
    private static readonly Dictionary<string,
        (string Frame, (int At, byte Value) Change, string Found)> s_unreadable = new()
        {
            ["no IP"] = ("TCP over IPv4", (12, 0x88), "its EtherType is 8800: expected 0800 (IPv4) or 86dd (IPv6)"),
            ["no TCP or UDP"] = ("TCP over IPv4", (23, 1), "its IP protocol is 1: expected 6 (TCP) or 17 (UDP)"),
            ["not version 4"] = ("TCP over IPv4", (14, 0x65), "its IPv4 header begins with 65: expected 45 to 4f"),
            ["a header that is too short"] = ("TCP over IPv4", (14, 0x44), "its IPv4 header begins with 44"),
            ["not version 6"] = ("TCP over IPv6", (14, 0x45), "its IPv6 header begins with 45: expected 6x"),
            ["a fragment"] = ("UDP over IPv4", (20, 0x20), "it is a fragment"),
            ["the rest of a fragment"] = ("UDP over IPv4", (21, 1), "it is a fragment"),
            ["an IPv6 fragment"] = ("TCP in an atomic IPv6 fragment", (57, 1), "it is a fragment"),
            ["a longer packet than the frame"] = (
                "TCP over IPv4", (17, 141), "it has 154 bytes: expected at least 155 for the IP packet"),
            ["a packet without a transport header"] =
        ("UDP over IPv4", (17, 27), "its IP packet has 7 bytes behind the headers: expected at least 8"),
            ["a longer datagram than the packet"] = (
                "UDP over IPv4", (39, 109), "its UDP header says 109 bytes: expected 8 to 108"),
            ["a routing header"] = ("TCP in an atomic IPv6 fragment", (20, 43), "it is not a fragment any more"),
            ["a home address"] = (
                "UDP behind IPv6 extension headers", (64, 0xC9),
                "it has a home address option, so its IPv6 header does not name the source"),
            ["padding and a home address"] = ("UDP behind IPv6 extension headers", (65, 2), "it has a home address option"),
            ["three tags"] = ("TCP with two VLAN tags", (20, 0x81), "its EtherType is 8100"),
        };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void AFrameThatCannotBeReadIsRefusedAndThoseInFrontAreTaken(OffloadCard card, string what, string found)
    {
        var (name, (at, value), _) = s_unreadable[what];
        byte[] bad = OffloadFrame.All.Single(frame => frame.Name == name).Unfinished;
        bad[at] = value;
        if (what == "three tags") bad[21] = 0;
        // At its required alignment, 8n + 6 from the header's start (RFC 6275, 6.3).
        if (what == "padding and a home address") bad[68] = 0xC9;
        if (what == "a routing header")
        {
            bad[57] = 1; // segments left
            found = "it has a routing header with segments left";
        }
        using var bench = OffloadBench.Open(card, Offloads.TransmitChecksum);
        var frame = OffloadFrame.All[0];
        // In every position of a batch.
        for (int place = 0; place < 3; place++)
        {
            var packets = bench.Allocate(Both, frame.Unfinished, frame.Unfinished, frame.Unfinished);
            packets[place].Length = bad.Length;
            bad.CopyTo(packets[place].Data);
            Assert.Equal(place, bench.Device.Transmit(packets));
            var refusal = bench.Device.TransmitQueues[0].Examine(packets[place]);
            Assert.Equal(TransmitRefusalReason.UnsuitableHeaders, refusal.Reason);
            Assert.StartsWith("a packet asks for a checksum that cannot be made: ", refusal.ToString());
            Assert.Contains(found, refusal.ToString());
            Assert.Equal(bad, packets[place].Data.ToArray());
            PacketPool.Free(packets.AsSpan(place));
            DriverBench.Until(() => bench.Wire.FromCard.Count == place * (place + 1) / 2, "those in front on the wire");
        }
        Assert.Equal(frame.Bytes, Assert.Single(bench.Send(bench.Allocate(Both, frame.Unfinished))));
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void WithoutTheOptionARequestIsRefused(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.VlanInsert);
        var packets = bench.Allocate(PacketFlags.InsertL4Checksum, OffloadFrame.All[0].Unfinished);
        var error = Assert.Throws<ArgumentException>(() => bench.Device.Transmit(packets));
        Assert.Contains(
            "asks for InsertL4Checksum: open the device with TransmitChecksum in NetworkDeviceOptions.Offloads",
            error.Message);
        PacketPool.Free(packets);
    }

    // 7.2.3.2.3: IPLEN has nine bits.
    [Fact]
    public void IPv6HeadersThatTheCardCannotSkipAreRefused()
    {
        byte[] options = [6, 59, .. new byte[478]];
        var frame = OffloadFrame.Make("long", isIPv6: true, extra: options, payload: 10);
        using var bench = OffloadBench.Open(OffloadCard.Ixgbe, Offloads.TransmitChecksum);
        var packets = bench.Allocate(PacketFlags.InsertL4Checksum, frame.Unfinished);
        Assert.Equal(0, bench.Device.Transmit(packets));
        var refusal = bench.Device.TransmitQueues[0].Examine(packets[0]);
        Assert.Contains(
            "an IP header of 520 bytes: the card computes checksums behind at most 511", refusal.ToString());
        PacketPool.Free(packets);
    }

    [Theory]
    [InlineData(Offloads.TransmitChecksum, 1ul, "VIRTIO_NET_F_CSUM, and TransmitChecksum was asked for")]
    [InlineData(Offloads.ReceiveChecksum, 2ul, "VIRTIO_NET_F_GUEST_CSUM, and ReceiveChecksum was asked for")]
    public void AVirtioDeviceThatOffersNoChecksumsIsRefused(Offloads offloads, ulong withheld, string expected)
    {
        var card = OffloadBench.Virtio(OffloadCard.Split) with { Withheld = (VirtioFeatures)withheld };
        var error = Assert.Throws<FeatureNotOfferedException>(
            () => new DriverBench(DriverBench.Defaults with { Offloads = offloads }, card));
        Assert.Contains(expected, error.Message);
        Assert.Contains("vnet_hdr=on", error.Message);
        new DriverBench(DriverBench.Defaults with { Offloads = Offloads.All & ~offloads }, card).Dispose();
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void AUsedUpPacketIsFoundBeforeAnythingIsWritten(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.TransmitChecksum);
        var packets = bench.Allocate(Both, OffloadFrame.All[0].Unfinished, OffloadFrame.All[1].Unfinished);
        Assert.Throws<PacketMisuseException>(() => bench.Device.Transmit([packets[0], packets[1], packets[0]]));
        Assert.Equal(0, bench.Device.TransmitQueues[0].Pending);
        Assert.Equal([OffloadFrame.All[0].Bytes, OffloadFrame.All[1].Bytes], bench.Send(packets));
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void NothingIsAllocatedPerPacket(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.All, new() { CheckedPools = false });
        byte[][] frames = [.. OffloadFrame.All.Take(16).Select(frame => frame.Unfinished)];
        var packets = new Packet[frames.Length];
        var queue = bench.Device.TransmitQueues[0];
        // The far end's copies of the frames are allocated on the card's thread.
        Allocations.None(() =>
        {
            while (queue.Pending > 200) queue.Transmit([]);
            int count = bench.Device.ReceiveQueues[0].Pool.Allocate(packets);
            for (int i = 0; i < count; i++)
            {
                packets[i].Length = frames[i].Length;
                packets[i].Flags = Both | PacketFlags.InsertVlan;
                packets[i].VlanTag = (ushort)i;
                frames[i].CopyTo(packets[i].Data);
            }
            int sent = queue.Transmit(packets.AsSpan(0, count));
            PacketPool.Free(packets.AsSpan(sent, count - sent));
        }, 200);
    }
}
