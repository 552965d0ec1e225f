using System.Buffers.Binary;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Transmit;

/// <summary>TCP and UDP segmentation (datasheet 7.2.4).</summary>
public sealed class TransmitSegmentationTests
{
    private const uint First = 0xFF6, Middle = 0xF76, Last = 0xF7F;

    // 7.2.4.7: every header field, in every frame.
    [Theory]
    [InlineData(true, true, 0, 5_000, 1_460, false)]
    [InlineData(true, true, 12, 4_344, 1_448, true)]
    [InlineData(false, true, 0, 3_001, 1_000, false)]
    [InlineData(true, false, 0, 3_001, 1_000, false)]
    [InlineData(false, false, 0, 2_000, 500, true)]
    [InlineData(true, true, 0, 262_143, 9_000, false)]
    [InlineData(true, true, 40, 10, 1, false)]
    public void APacketIsCutIntoFrames(bool isIPv4, bool isTcp, int options, int payload, int size, bool vlan)
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] data = TransmitFrames.Make(payload, 17),
            packet = TransmitFrames.MakeIp(isIPv4, isTcp, data, options, flags: 0x1FF);
        Segments.Put(bench, ring, packet, isIPv4, isTcp, options, size, vlan);
        ring.Send();
        bench.Run(300_000);
        byte[] joined = Segments.Join(bench.Sent, packet, isIPv4, isTcp, options, size, vlan);
        Assert.Equal(data, joined);
        Assert.Equal((payload + size - 1) / size, bench.Sent.Count);
        Assert.Empty(bench.Broken);
    }

    // 7.2.4.7.1, 7.2.4.7.3: the flags of a packet that fits into one frame are left unchanged.
    [Fact]
    public void OneSegmentKeepsItsFlags()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] packet = TransmitFrames.MakeIp(true, true, TransmitFrames.Make(1_000), flags: 0xFFF);
        Segments.Put(bench, ring, packet, true, true, 0, 1_000, vlan: false);
        ring.Send();
        Assert.Equal(0x5FFF, TransmitFrames.Word(Assert.Single(bench.Sent), 46));
    }

    // 8.2.3.9.3, 8.2.3.9.4: the flags kept in first, middle and last frames.
    [Fact]
    public void FlagsAreMaskedAsProgrammed()
    {
        using var bench = new TransmitBench(enable: false);
        bench.Write(DTXTCPFLGL, 0x0123_0456);
        bench.Write(DTXTCPFLGH, 0x0789);
        bench.Write(Ixy.Ixgbe.IxgbeRegisters.DMATXCTL, 0x8100_0001);
        bench.Write(Ixy.Ixgbe.IxgbeRegisters.TXDCTL, 0);
        var ring = bench.AddQueue();
        byte[] packet = TransmitFrames.MakeIp(true, true, TransmitFrames.Make(400), flags: 0xFFF);
        Segments.Put(bench, ring, packet, true, true, 0, 100, vlan: false);
        ring.Send();
        Assert.Equal([0x5456, 0x5123, 0x5123, 0x5789], bench.Sent.Select(frame => (int)TransmitFrames.Word(frame, 46)));
        Assert.Empty(bench.Broken);
    }

    // 7.2.4.1: headers and payload may share buffers, in up to four descriptors.
    [Fact]
    public void HeadersMaySpanFourBuffers()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] data = TransmitFrames.Make(2_500, 17), packet = TransmitFrames.MakeIp(true, true, data);
        Segments.Put(bench, ring, packet, true, true, 0, 1_000, false, 14, 10, 10, 1_000);
        ring.Send();
        Assert.Equal(data, Segments.Join(bench.Sent, packet, true, true, 0, 1_000, false));
        Assert.Empty(bench.Broken);
    }

    // 7.2.4.1: with 802.3 and SNAP the length field is updated in every frame.
    [Fact]
    public void TheLengthOfASnapFrameIsUpdated()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] ip = TransmitFrames.MakeIp(true, true, TransmitFrames.Make(250, 3))[14..];
        byte[] packet = [.. TransmitFrames.Make(12), 0, 0, 0xAA, 0xAA, 3, 0, 0, 0, 8, 0, .. ip];
        ring.PutContext(22, 20, 20, 100, Tx.IPv4 | Tx.Tcp | Tx.Snap);
        ring.Put(bench.Place(packet), Tx.Whole | Tx.Data | Tx.Tse | (uint)packet.Length,
            Tx.Ixsm | Tx.Txsm | 250u << 14);
        ring.Send();
        Assert.Equal([148, 148, 98], bench.Sent.Select(frame => (int)TransmitFrames.Word(frame, 12)));
        Assert.Equal([162, 162, 112], bench.Sent.Select(frame => frame.Length));
        Assert.Empty(bench.Broken);
    }

    // 8.2.3.23: every frame of a segmented packet counts, with the headers it has on the wire.
    [Fact]
    public void SegmentsAreCounted()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] packet = TransmitFrames.MakeIp(true, true, TransmitFrames.Make(3_000));
        Segments.Put(bench, ring, packet, true, true, 0, 1_460, vlan: false);
        ring.Send();
        Assert.Equal((3ul, 3_000ul + 3 * 58), (bench.Statistics.GPTC, bench.Statistics.GOTC));
        Assert.True(ring.IsDone(ring.Next - 1));
    }

    /// <summary>Writes descriptors for packets to segment, and checks the frames that result.</summary>
    internal static class Segments
    {
        internal static void Put(
            TransmitBench bench, TransmitRing ring, byte[] packet, bool isIPv4, bool isTcp, int options, int size,
            bool vlan,
            params int[] parts)
        {
            int ip = isIPv4 ? 20 : 40, l4 = isTcp ? 20 + options : 8, headers = 14 + ip + l4;
            // 7.2.4.5: the pseudo-header sum without the length; IP checksum and total length do not matter.
            TransmitFrames.SetWord(packet, 14 + ip + (isTcp ? 16 : 6),
                TransmitFrames.PseudoHeader(packet, 14, isIPv4, (byte)(isTcp ? 6 : 17), 0));
            ring.PutContext(14, ip, l4, size, (isIPv4 ? Tx.IPv4 : 0) | (isTcp ? Tx.Tcp : Tx.Udp), vlan: 0x234);
            uint command = Tx.Data | Tx.Ifcs | Tx.Tse | (vlan ? Tx.Vle : 0);
            uint status = (isIPv4 ? Tx.Ixsm : 0) | Tx.Txsm | (uint)(packet.Length - headers) << 14;
            int offset = 0;
            for (int part = 0; offset < packet.Length; part++)
            {
                int length = Math.Min(part < parts.Length ? parts[part] : 16_000, packet.Length - offset);
                uint last = offset + length == packet.Length ? Tx.Eop | Tx.Rs : 0;
                ring.Put(bench.Place(packet.AsSpan(offset, length)), command | last | (uint)length, status);
                offset += length;
            }
        }

        /// <summary>Checks the headers of all frames against the prototype's; returns the joined payloads.</summary>
        internal static byte[] Join(
            List<byte[]> frames, byte[] prototype, bool isIPv4, bool isTcp, int options, int size, bool vlan)
        {
            int ip = isIPv4 ? 20 : 40, l4 = isTcp ? 20 + options : 8, headers = 14 + ip + l4;
            int total = prototype.Length - headers;
            var payload = new List<byte>();
            for (int number = 0; number < frames.Count; number++)
            {
                byte[] frame = vlan ? WithoutTag(frames[number]) : frames[number];
                int expected = Math.Min(size, total - payload.Count);
                byte[] header = Expect(
                    prototype[..headers], isIPv4, isTcp, expected, number, payload.Count, number == frames.Count - 1);
                CheckSums(frame.AsSpan(0, headers + expected), header, isIPv4, isTcp);
                Assert.Equal(header, frame[..headers]);
                Assert.Equal(Math.Max(60, headers + expected + (vlan ? 4 : 0)), frames[number].Length);
                payload.AddRange(frame.AsSpan(headers, expected));
            }
            return [.. payload];
        }

        private static byte[] WithoutTag(byte[] frame)
        {
            Assert.Equal([0x81, 0, 2, 0x34], frame[12..16]);
            return [.. frame[..12], .. frame[16..]];
        }

        private static byte[] Expect(
            byte[] header, bool isIPv4, bool isTcp, int payload, int number, int offset, bool isLast)
        {
            int ip = isIPv4 ? 20 : 40;
            var l4 = header.AsSpan(14 + ip);
            if (isIPv4)
            {
                TransmitFrames.SetWord(header, 16, ip + l4.Length + payload);
                TransmitFrames.SetWord(header, 18, TransmitFrames.Word(header, 18) + number);
            }
            else
            {
                TransmitFrames.SetWord(header, 18, l4.Length + payload);
            }
            if (!isTcp)
            {
                TransmitFrames.SetWord(l4, 4, 8 + payload);
                return header;
            }
            BinaryPrimitives.WriteUInt32BigEndian(
                l4[4..], BinaryPrimitives.ReadUInt32BigEndian(l4[4..]) + (uint)offset);
            bool isSingle = number == 0 && isLast;
            uint mask = 0xF000 | (isSingle ? 0xFFF : number == 0 ? First : isLast ? Last : Middle);
            TransmitFrames.SetWord(l4, 12, (int)(TransmitFrames.Word(l4, 12) & mask));
            return header;
        }

        // As a receiver does; then the checksums are put into the expected header, so that the rest can be compared.
        private static void CheckSums(ReadOnlySpan<byte> frame, byte[] header, bool isIPv4, bool isTcp)
        {
            int ip = isIPv4 ? 20 : 40, field = 14 + ip + (isTcp ? 16 : 6);
            if (isIPv4)
            {
                Assert.Equal(0xFFFF, TransmitFrames.Sum(frame.Slice(14, 20)));
                TransmitFrames.SetWord(header, 24, TransmitFrames.Word(frame, 24));
            }
            var segment = frame[(14 + ip)..];
            ushort pseudo = TransmitFrames.PseudoHeader(frame, 14, isIPv4, (byte)(isTcp ? 6 : 17), segment.Length);
            Assert.Equal(0xFFFF, TransmitFrames.Sum(pseudo, TransmitFrames.Sum(segment)));
            Assert.NotEqual(0, TransmitFrames.Word(frame, field) | (isTcp ? 1 : 0));
            TransmitFrames.SetWord(header, field, TransmitFrames.Word(frame, field));
        }
    }
}
