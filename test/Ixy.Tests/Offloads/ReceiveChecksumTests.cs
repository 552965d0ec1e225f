using Ixy.Ixgbe;
using Ixy.Tests.Virtio;
using Ixy.Virtio;

namespace Ixy.Tests;

/// <summary>What packets say about the checksums they were received with.</summary>
public sealed class ReceiveChecksumTests
{
    private const PacketFlags IpGood = PacketFlags.IpChecksumGood, IpBad = PacketFlags.IpChecksumBad;
    private const PacketFlags L4Good = PacketFlags.L4ChecksumGood, L4Bad = PacketFlags.L4ChecksumBad;

    public static TheoryData<OffloadCard> Cards => OffloadBench.Cards;

    [Theory]
    [MemberData(nameof(Cards))]
    public void RightChecksumsAreReported(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.ReceiveChecksum);
        foreach (var frame in OffloadFrame.All)
        {
            // Neither card looks behind two tags.
            var expected = frame.Name.Contains("two VLAN tags") ? PacketFlags.None
                : frame.IsIPv4 && card == OffloadCard.Ixgbe ? IpGood | L4Good : L4Good;
            Assert.Equal((frame.Name, expected), (frame.Name, Receive(bench, frame.Bytes)));
        }
    }

    // A virtio device reports neither errors nor IPv4 headers.
    [Theory]
    [MemberData(nameof(Cards))]
    public void WrongOnesAreReportedToo(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.ReceiveChecksum);
        bool isIxgbe = card == OffloadCard.Ixgbe;
        foreach (var frame in OffloadFrame.All.Where(frame => !frame.Name.Contains("two VLAN tags")))
        {
            byte[] bytes = [.. frame.Bytes];
            bytes[frame.L4 + 1] ^= 1;
            Assert.Equal(isIxgbe ? (frame.IsIPv4 ? IpGood : 0) | L4Bad : 0, Receive(bench, bytes));
            if (!frame.IsIPv4) continue;
            bytes = [.. frame.Bytes];
            bytes[frame.Ip + 8]++; // time to live
            Assert.Equal(isIxgbe ? IpBad | L4Good : L4Good, Receive(bench, bytes));
        }
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void WhereThereIsNoChecksumNothingIsReported(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.ReceiveChecksum);
        var udp = OffloadFrame.All.Single(frame => frame.Name == "UDP over IPv4");
        byte[] bytes = [.. udp.Bytes];
        bytes.AsSpan(udp.ChecksumAt, 2).Clear();
        var ip = card == OffloadCard.Ixgbe ? IpGood : PacketFlags.None;
        Assert.Equal(ip, Receive(bench, bytes));
        Assert.Equal(PacketFlags.None, Receive(bench, [.. udp.Bytes[..12], 0x88, 0xB5, .. udp.Bytes[14..]]));
        bytes = [.. udp.Bytes];
        bytes[20] |= 0x20; // a fragment, so the header's checksum would have to change
        Assert.Equal(ip == 0 ? ip : IpBad, Receive(bench, bytes));
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void WithoutTheOptionNothingIsReported(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.TransmitChecksum);
        foreach (var frame in OffloadFrame.All) Assert.Equal(PacketFlags.None, Receive(bench, frame.Bytes));
    }

    // Flags share a word with length, loan and hash; batches wrap around the ring, and nothing gets mixed up.
    [Theory]
    [MemberData(nameof(Cards))]
    public void EachPacketHasItsOwnFlags(OffloadCard card)
    {
        using var bench = OffloadBench.Open(
            card, Offloads.ReceiveChecksum, DriverBench.Defaults with { RingSize = 64, PoolSize = 512 });
        var frame = OffloadFrame.All[0];
        byte[] wrong = [.. frame.Bytes];
        wrong[^1] ^= 0x10;
        var packets = new Packet[32];
        for (int round = 0; round < 30; round++)
        {
            byte[][] sent = [.. Enumerable.Range(0, 23).Select(i => i % 3 == round % 3 ? wrong : frame.Bytes)];
            bench.Wire.Deliver(sent);
            int received = 0;
            DriverBench.Until(
                () => (received += bench.Device.Receive(packets.AsSpan(received, 23 - received))) == 23, "23 frames");
            for (int i = 0; i < received; i++)
            {
                Assert.Equal(sent[i], packets[i].Data.ToArray());
                Assert.Equal(ReferenceEquals(sent[i], frame.Bytes), (packets[i].Flags & L4Good) != 0);
            }
            PacketPool.Free(packets.AsSpan(0, received));
        }
    }

    // Merged from several buffers, the first of which has the header.
    [Theory]
    [InlineData(OffloadCard.Legacy)]
    [InlineData(OffloadCard.Split)]
    [InlineData(OffloadCard.Packed)]
    public void AMergedFrameKeepsWhatItsHeaderSays(OffloadCard card)
    {
        using var bench = OffloadBench.Open(card, Offloads.ReceiveChecksum,
            DriverBench.Defaults with { MaxFrameSize = 9000, BufferSize = 2048 });
        var frame = OffloadFrame.Make("jumbo", payload: 8000);
        Assert.Equal(L4Good, Receive(bench, frame.Bytes));
        frame.Bytes[^1]++;
        Assert.Equal(PacketFlags.None, Receive(bench, frame.Bytes));
    }

    // 5.1.6.4.1: from a sender on the same machine. Played by hand, as a wire has only complete frames.
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void AChecksumThatIsOnlyBegunIsCompleted(bool packed, bool hasShortHeader)
    {
        foreach (var frame in OffloadFrame.All.Where(frame => frame.End == frame.Bytes.Length))
        {
            byte[] begun = [.. frame.Bytes];
            begun.AsSpan(frame.ChecksumAt, 2).Clear();
            // Only the pseudo-header: what the checksum covers, without the segment.
            int sum = OffloadFrame.Sum(frame.Covered().AsSpan()[..^(frame.End - frame.L4)]);
            (begun[frame.ChecksumAt], begun[frame.ChecksumAt + 1]) = ((byte)(sum >> 8), (byte)sum);
            var (flags, bytes) = ReceiveByHand(packed, hasShortHeader, begun, frame.L4, frame.ChecksumAt - frame.L4);
            Assert.Equal(L4Good, flags);
            Assert.Equal(frame.Bytes, bytes);
        }
    }

    [Theory]
    [InlineData(153, 0)]
    [InlineData(34, 119)]
    [InlineData(65535, 65535)]
    public void OneThatCannotBeCompletedIsWrong(int start, int offset)
    {
        byte[] frame = OffloadFrame.All[0].Bytes;
        Assert.Equal(154, frame.Length);
        var (flags, bytes) = ReceiveByHand(packed: false, hasShortHeader: false, frame, start, offset);
        Assert.Equal(L4Bad, flags);
        Assert.Equal(frame, bytes);
    }

    // The 82599's specification update: a UDP packet without a checksum may be reported as wrong. The other bits are as
    // in 7.1.6.2.
    [Theory]
    [InlineData("UDP over IPv4", true, PacketFlags.None)]
    [InlineData("UDP with as many IPv4 options as can be", true, PacketFlags.None)]
    [InlineData("UDP over IPv4", false, L4Bad)]
    [InlineData("TCP over IPv4", true, L4Bad)]
    [InlineData("UDP over IPv6", true, L4Bad)]
    public void AnIntelCardThatMissesAChecksumWhereThereIsNoneIsCorrected(
        string name, bool isZero, PacketFlags expected)
    {
        using var pool = new PacketPool(new() { Count = 1 });
        Assert.True(pool.TryAllocate(out var packet));
        var frame = OffloadFrame.All.Single(frame => frame.Name == name);
        packet.Length = frame.Bytes.Length;
        frame.Bytes.CopyTo(packet.Data);
        if (isZero) packet.Data.Slice(frame.ChecksumAt, 2).Clear();
        const ulong Calculated = 1 << 5, Wrong = 1 << 30;
        ulong status = 3 | Calculated | Wrong | (ulong)frame.Bytes.Length << 32;
        ulong reported = ReportedOffloads.Report(
            status, packet.Buffer, ReportedOffloads.Wanted(new() { Offloads = Offloads.ReceiveChecksum }));
        Assert.Equal(expected, (PacketFlags)(reported >> Packet.FlagsShift));
        packet.Free();
    }

    // 7.1.6.2: an error bit counts only if the checksum was calculated.
    [Theory]
    [InlineData(0ul, PacketFlags.None)]
    [InlineData(1ul << 31, PacketFlags.None)]
    [InlineData(1ul << 30, PacketFlags.None)]
    [InlineData(1ul << 6 | 1ul << 30, IpGood)]
    [InlineData(1ul << 5 | 1ul << 31, L4Good)]
    [InlineData(1ul << 6 | 1ul << 31, IpBad)]
    [InlineData(1ul << 6 | 1ul << 5 | 1ul << 30, IpGood | L4Bad)]
    public void AnErrorCountsWhereTheChecksumWasCalculated(ulong status, PacketFlags expected)
    {
        using var pool = new PacketPool(new() { Count = 1 });
        Assert.True(pool.TryAllocate(out var packet));
        packet.Length = 60;
        packet.Data.Clear();
        ulong reported = ReportedOffloads.Report(
            status | 3 | 60ul << 32, packet.Buffer, ReportedOffloads.Wanted(new() { Offloads = Offloads.All }));
        Assert.Equal(expected, (PacketFlags)(reported >> Packet.FlagsShift));
        packet.Free();
    }

    private static PacketFlags Receive(DriverBench bench, byte[] frame)
    {
        var packet = new Packet[1];
        bench.Wire.Deliver(frame.Length < 60 ? [.. frame, .. new byte[60 - frame.Length]] : frame);
        DriverBench.Until(() => bench.Device.Receive(packet) == 1, "a frame");
        Assert.Equal(frame, packet[0].Data[..frame.Length].ToArray());
        var flags = packet[0].Flags;
        packet[0].Free();
        return flags;
    }

    private static unsafe (PacketFlags Flags, byte[] Frame) ReceiveByHand(
        bool packed, bool hasShortHeader, byte[] frame, int start, int offset)
    {
        using var ring = HandPlayedRing.Create(packed);
        var features = hasShortHeader ? VirtioFeatures.AnyLayout : VirtioFeatures.Version1;
        var options = new VirtioQueueOptions(
            new() { RingSize = 64, Offloads = Offloads.ReceiveChecksum }, features, 1518);
        using var queue = ring.OpenReceiveQueue(options);
        queue.Start();
        var buffer = ring.Take()!.Value;
        byte[] header = [
            1, 0, 0, 0, 0, 0, (byte)start, (byte)(start >> 8), (byte)offset, (byte)(offset >> 8), .. hasShortHeader
            ? Array.Empty<byte>() : [1, 0]];
        byte[] all = [.. header, .. frame];
        all.CopyTo(new Span<byte>((void*)buffer.Address, all.Length));
        ring.Use(buffer.Id, (uint)all.Length);
        var packet = new Packet[1];
        Assert.Equal(1, queue.Receive(packet));
        var result = (packet[0].Flags, packet[0].Data.ToArray());
        packet[0].Free();
        return result;
    }
}
