using FsCheck;
using FsCheck.Fluent;

namespace Ixy.Simulation.Tests.Ixgbe.Transmit;

/// <summary>What holds for transmit rings, checksums and segmentation, whatever the numbers.</summary>
public sealed class TransmitPropertyTests
{
    private static readonly Config s_config = Config.QuickThrowOnFailure.WithMaxTest(60);

    // 7.2.3.3: however software splits its frames into buffers and moves the tail, they leave complete, in order, once.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FramesLeaveInOrderWhateverTheBatches(bool isScattered)
    {
        var batches = Gen.Choose(1, 7).Zip(Gen.Choose(1, 5)).NonEmptyListOf();
        Check.One(s_config, Prop.ForAll(batches.ToArbitrary(), list =>
        {
            using var bench = new TransmitBench();
            if (isScattered) bench.Scatter();
            var ring = bench.AddQueue(size: 40);
            var expected = new List<byte[]>();
            foreach (var (frames, parts) in list)
            {
                for (int frame = 0; frame < frames; frame++)
                {
                    expected.Add(TransmitFrames.Make(60 + expected.Count * 37 % 400, expected.Count));
                    PutInParts(bench, ring, expected[^1], parts);
                }
                ring.Send();
                Assert.Equal((uint)ring.Next, ring.Head);
                Assert.True(ring.IsDone((ring.Next + 39) % 40));
            }
            Assert.Equal(expected, bench.Sent);
            Assert.Empty(bench.Broken);
        }));
    }

    // 7.2.5.2: a receiver that sums over pseudo-header and segment finds every checksum correct.
    [Fact]
    public void ReceiversFindEveryChecksumRight()
    {
        var packets = ArbMap.Default.GeneratorFor<bool>().Two().Zip(Payloads(0, 1_400));
        Check.One(s_config, Prop.ForAll(packets.ToArbitrary(), packet =>
        {
            var ((isIPv4, isTcp), payload) = packet;
            using var bench = new TransmitBench();
            var ring = bench.AddQueue();
            byte[] frame = TransmitFrames.MakeIp(isIPv4, isTcp, payload);
            int l4 = isIPv4 ? 34 : 54, length = frame.Length - l4;
            ushort pseudo = TransmitFrames.PseudoHeader(frame, 14, isIPv4, (byte)(isTcp ? 6 : 17), length);
            TransmitFrames.SetWord(frame, l4 + (isTcp ? 16 : 6), pseudo);
            ring.PutContext(ipLength: l4 - 14, type: (isIPv4 ? Tx.IPv4 : 0) | (isTcp ? Tx.Tcp : Tx.Udp));
            ring.PutFrame(frame, options: Tx.Txsm | (isIPv4 ? Tx.Ixsm : 0));
            ring.Send();
            byte[] sent = Assert.Single(bench.Sent);
            Assert.Equal(0xFFFF, TransmitFrames.Sum(pseudo, TransmitFrames.Sum(sent.AsSpan(l4, length))));
            if (isIPv4) Assert.Equal(0xFFFF, TransmitFrames.Sum(sent.AsSpan(14, 20)));
            Assert.Empty(bench.Broken);
        }));
    }

    // 7.2.4: the payloads of the segments, joined, are the packet's; every header is correct.
    [Fact]
    public void SegmentsPutTogetherAreThePacket()
    {
        var packets = ArbMap.Default.GeneratorFor<bool>().Two()
            .Zip(Payloads(1, 20_000)).Zip(Gen.Choose(1, 9_000)).Zip(Gen.Choose(0, 10));
        Check.One(s_config, Prop.ForAll(packets.ToArbitrary(), packet =>
        {
            var ((((isIPv4, isTcp), payload), size), words) = packet;
            int options = isTcp ? words * 4 : 0;
            size = Math.Max(size, payload.Length / 200);
            using var bench = new TransmitBench();
            var ring = bench.AddQueue();
            byte[] prototype = TransmitFrames.MakeIp(isIPv4, isTcp, payload, options, flags: 0x1FF);
            TransmitSegmentationTests.Segments.Put(
                bench, ring, prototype, isIPv4, isTcp, options, size, vlan: words % 2 == 0);
            ring.Send();
            bench.Run(20_000);
            Assert.Equal(payload, TransmitSegmentationTests.Segments.Join(
                bench.Sent, prototype, isIPv4, isTcp, options, size, vlan: words % 2 == 0));
            Assert.Empty(bench.Broken);
        }));
    }

    // Whatever a driver leaves in a ring, the card survives it, accesses nothing it may not, and goes on.
    [Fact]
    public void NoDescriptorHarmsTheCard()
    {
        var word = Gen.Choose(int.MinValue, int.MaxValue).Select(value => (uint)value);
        var descriptors = word.Three().ArrayOf(30);
        Check.One(s_config, Prop.ForAll(descriptors.ToArbitrary(), list =>
        {
            using var bench = new TransmitBench();
            var ring = bench.AddQueue(size: 64);
            foreach (var (low, command, status) in list)
            {
                // Half of them point into mapped memory.
                ulong address = (low & 1) == 0 ? low : CardBench.Iova + low % CardBench.MemoryLength;
                ring.Put(address, command, status);
            }
            for (int index = 0; index < 3; index++) ring.PutFrame(TransmitFrames.Make(77));
            ring.Send();
            bench.Run(100_000);
            Assert.Equal((uint)ring.Next, ring.Head);
            Assert.Equal(TransmitFrames.Make(77), bench.Sent[^1]);
            Assert.DoesNotContain(bench.Sent, frame => frame.Length > 15_872 + 4);
        }));
    }

    private static Gen<byte[]> Payloads(int shortest, int longest) =>
        Gen.Choose(shortest, longest).Zip(Gen.Choose(0, 255))
        .Select(pair => TransmitFrames.Make(pair.Item1, pair.Item2));

    private static void PutInParts(TransmitBench bench, TransmitRing ring, byte[] frame, int parts)
    {
        int offset = 0;
        for (int part = 1; part <= parts; part++)
        {
            int length = part == parts ? frame.Length - offset : frame.Length / parts;
            uint last = part == parts ? Tx.Eop | Tx.Rs : 0;
            ring.Put(bench.Place(frame.AsSpan(offset, length)), Tx.Data | Tx.Ifcs | last | (uint)length,
                (uint)frame.Length << 14);
            offset += length;
        }
    }
}
