using System.Buffers.Binary;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Transmit;

/// <summary>Checksums and VLAN tags (datasheet 7.2.3.2, 7.2.5, 7.4.5).</summary>
public sealed class TransmitOffloadTests
{
    // 7.2.5.1. The header is the well-known example whose checksum is 0xB861.
    [Fact]
    public void TheIpChecksumIsInserted()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] header = Convert.FromHexString("450000730000400040110000C0A80001C0A800C7");
        byte[] frame = [.. TransmitFrames.Make(14), .. header, .. new byte[95]];
        ring.PutContext(type: Tx.IPv4 | Tx.Udp);
        ring.PutFrame(frame, options: Tx.Ixsm);
        ring.Send();
        byte[] sent = Assert.Single(bench.Sent);
        Assert.Equal(0xB861, TransmitFrames.Word(sent, 24));
        TransmitFrames.SetWord(sent, 24, 0);
        Assert.Equal(frame, sent);
        Assert.Empty(bench.Broken);
    }

    // 7.2.5.2: to the last byte, including the pseudo-header sum that software has left in the field.
    [Theory]
    [InlineData(true, true, 0)]
    [InlineData(true, true, 1001)]
    [InlineData(true, false, 333)]
    [InlineData(false, true, 64)]
    [InlineData(false, false, 1)]
    public void TheTransportChecksumIsInserted(bool isIPv4, bool isTcp, int payload)
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.MakeIp(isIPv4, isTcp, TransmitFrames.Make(payload, 9));
        int l4 = 14 + (isIPv4 ? 20 : 40), field = l4 + (isTcp ? 16 : 6);
        ushort pseudo = TransmitFrames.PseudoHeader(frame, 14, isIPv4, (byte)(isTcp ? 6 : 17), frame.Length - l4);
        TransmitFrames.SetWord(frame, field, pseudo);
        ring.PutContext(14, isIPv4 ? 20 : 40, 0, type: (isIPv4 ? Tx.IPv4 : 0) | (isTcp ? Tx.Tcp : Tx.Udp), index: 1);
        ring.PutFrame(frame, options: Tx.Txsm | Tx.Index(1));
        ring.Send();
        byte[] sent = Assert.Single(bench.Sent);
        // As a receiver does: the sum over pseudo-header and segment, including the checksum, is 0xFFFF.
        Assert.Equal(0xFFFF, TransmitFrames.Sum(pseudo, TransmitFrames.Sum(sent.AsSpan(l4))));
        TransmitFrames.SetWord(sent, field, pseudo);
        Assert.Equal(TransmitFrames.Padded(frame), sent);
        Assert.Empty(bench.Broken);
    }

    // RFC 768: a UDP checksum that comes out as zero is sent as 0xFFFF; TCP sends the zero.
    [Theory]
    [InlineData(true, 0x0000)]
    [InlineData(false, 0xFFFF)]
    public void AZeroChecksumIsNotSentInUdp(bool isTcp, int expected)
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.MakeIp(true, isTcp, new byte[40]);
        int field = 34 + (isTcp ? 16 : 6);
        ushort sum = TransmitFrames.Sum(frame.AsSpan(34));
        TransmitFrames.SetWord(frame, field, 0xFFFF - sum);
        ring.PutContext(type: Tx.IPv4 | (isTcp ? Tx.Tcp : Tx.Udp));
        ring.PutFrame(frame, options: Tx.Txsm);
        ring.Send();
        Assert.Equal(expected, TransmitFrames.Word(Assert.Single(bench.Sent), field));
    }

    // 7.2.5.3. CRC32c of "123456789" is 0xE3069283 (its check value); a packet's is computed bit by bit.
    [Fact]
    public void TheSctpChecksumIsInserted()
    {
        Assert.Equal(0xE306_9283u, Crc32c("123456789"u8));
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] packet = [0x9C, 0x40, 0x13, 0x89, 1, 2, 3, 4, 0, 0, 0, 0, .. TransmitFrames.Make(64, 3)];
        byte[] frame = [
            .. TransmitFrames.Make(14), .. Convert.FromHexString("450000600000400040840000C0A80001C0A800C7"),
            .. packet];
        ring.PutContext(type: Tx.IPv4 | Tx.Sctp);
        ring.PutFrame(frame, options: Tx.Txsm);
        ring.Send();
        byte[] sent = Assert.Single(bench.Sent);
        Assert.Equal(Crc32c(packet), BinaryPrimitives.ReadUInt32LittleEndian(sent.AsSpan(42)));
        sent.AsSpan(42, 4).Clear();
        Assert.Equal(frame, sent);
        Assert.Empty(bench.Broken);
    }

    // 7.2.3.2.2: IC writes the complement of the sum from CSS onwards to CSO; what was there is included. Software that
    // wants the TCP checksum leaves the pseudo-header's sum there.
    [Fact]
    public void ALegacyDescriptorInsertsAChecksum()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.MakeIp(true, true, TransmitFrames.Make(77, 5));
        ushort pseudo = TransmitFrames.PseudoHeader(frame, 14, true, 6, frame.Length - 34);
        TransmitFrames.SetWord(frame, 50, pseudo);
        ring.PutLegacy(frame, Tx.Whole | Tx.Ic | 50 << 16, 34 << 8);
        ring.Send();
        byte[] sent = Assert.Single(bench.Sent);
        Assert.Equal(0xFFFF, TransmitFrames.Sum(pseudo, TransmitFrames.Sum(sent.AsSpan(34))));
        Assert.Empty(bench.Broken);
    }

    // 7.2.3.2.2, 7.2.3.2.4: VLE inserts DMATXCTL.VT and the tag after the addresses: the tag of a legacy descriptor, or
    // of the context. A short frame is padded after the tag is inserted.
    [Theory]
    [InlineData(true, 60)]
    [InlineData(true, 1_500)]
    [InlineData(false, 60)]
    [InlineData(false, 40)]
    public void AVlanTagIsInserted(bool legacy, int length)
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.Make(length);
        if (legacy)
        {
            ring.PutLegacy(frame, Tx.Whole | Tx.Vle, 0xE123u << 16);
        }
        else
        {
            ring.PutContext(0, 0, 0, vlan: 0xE123);
            ring.PutFrame(frame, Tx.Whole | Tx.Vle);
        }
        ring.Send();
        byte[] expected = [.. frame[..12], 0x81, 0x00, 0xE1, 0x23, .. frame[12..]];
        Assert.Equal(TransmitFrames.Padded(expected), Assert.Single(bench.Sent));
        Assert.Empty(bench.Broken);
    }

    // 8.2.3.9.2: the EtherType of the tag is DMATXCTL.VT.
    [Fact]
    public void TheVlanTypeIsProgrammable()
    {
        using var bench = new TransmitBench(enable: false);
        bench.Write(DMATXCTL, 0x88A8_0000);
        var ring = bench.AddQueue(enable: false);
        bench.Write(DMATXCTL, 0x88A8_0001);
        ring.PutLegacy(TransmitFrames.Make(60), Tx.Whole | Tx.Vle, 5u << 16);
        ring.Send();
        Assert.Equal([0x88, 0xA8, 0, 5], Assert.Single(bench.Sent)[12..16]);
        Assert.Empty(bench.Broken);
    }

    // 7.2.3.2.2: offsets refer to memory; an inserted tag neither moves them nor counts in the sum.
    [Fact]
    public void ChecksumsAreOfThePacketInMemory()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.MakeIp(true, true, TransmitFrames.Make(99, 5));
        ring.PutContext(vlan: 7);
        ring.PutFrame(frame, options: Tx.Ixsm | Tx.Txsm);
        ring.PutFrame(frame, Tx.Whole | Tx.Vle, Tx.Ixsm | Tx.Txsm);
        ring.Send();
        byte[] untagged = [.. bench.Sent[1][..12], .. bench.Sent[1][16..]];
        Assert.Equal(bench.Sent[0], untagged);
        Assert.Equal(0xFFFF, TransmitFrames.Sum(bench.Sent[0].AsSpan(14, 20)));
    }

    // 7.2.2: two contexts per queue, which last until they are set again; another queue has its own.
    [Fact]
    public void AQueueHasTwoContexts()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        var other = bench.AddQueue(1);
        other.PutContext(vlan: 300);
        other.PutFrame(TransmitFrames.Make(60));
        other.Send();
        bench.Sent.Clear();
        ring.PutContext(vlan: 100);
        ring.PutContext(vlan: 200, index: 1);
        foreach (uint index in new uint[] { 0, 1, 0 })
            ring.PutFrame(TransmitFrames.Make(60), Tx.Whole | Tx.Vle, Tx.Index(index));
        ring.PutContext(vlan: 101);
        ring.PutFrame(TransmitFrames.Make(60), Tx.Whole | Tx.Vle);
        ring.Send();
        Assert.Equal([100, 200, 100, 101], bench.Sent.Select(frame => (int)TransmitFrames.Word(frame, 14)));
        Assert.Empty(bench.Broken);
    }

    // 7.2.3.2.4: the commands in the first descriptor of a packet apply.
    [Fact]
    public void TheFirstDescriptorOfAPacketDecides()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.Make(200);
        ring.PutContext(vlan: 9);
        ring.Put(bench.Place(frame.AsSpan(0, 100)), Tx.Data | Tx.Ifcs | Tx.Vle | 100, 200 << 14);
        ring.Put(bench.Place(frame.AsSpan(100)), Tx.Data | Tx.Eop | Tx.Rs | 100, 0);
        ring.Send();
        Assert.Equal([.. frame[..12], 0x81, 0, 0, 9, .. frame[12..]], Assert.Single(bench.Sent));
        Assert.Empty(bench.Broken);
    }

    // RFC 9260, appendix A, bit by bit.
    private static uint Crc32c(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte next in data)
        {
            crc ^= next;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1;
        }
        return ~crc;
    }
}
