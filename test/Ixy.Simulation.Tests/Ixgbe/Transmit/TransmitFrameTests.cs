using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Transmit;

/// <summary>From buffers to frames, and the MAC (datasheet 7.2.1.1, 7.2.3.2, 8.2.3.22.8, 8.2.3.23).</summary>
public sealed class TransmitFrameTests
{
    private const uint Loopback = 1u << 15;

    // 7.2.3.2.2, 7.2.3.2.4
    [Theory]
    [InlineData(60, false)]
    [InlineData(1514, false)]
    [InlineData(9_000, false)]
    [InlineData(15_872, false)]
    [InlineData(60, true)]
    [InlineData(15_872, true)]
    public void AFrameLeavesAsItLiesInMemory(int length, bool legacy)
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.Make(length);
        _ = legacy ? ring.PutLegacy(frame) : ring.PutFrame(frame);
        ring.Send();
        Assert.Equal(frame, Assert.Single(bench.Sent));
        Assert.Empty(bench.Broken);
    }

    // 7.2.1.1: a packet can span up to 38 buffers, of any length and alignment; here the ring also wraps.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BuffersAreGathered(bool legacy)
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        for (int round = 0; round < 3; round++)
        {
            byte[] frame = TransmitFrames.Make(38 * 39 / 2, round);
            for (int part = 0, offset = 0; part < 38; offset += ++part)
            {
                uint last = part == 37 ? Tx.Eop | Tx.Rs : 0, first = part == 0 ? Tx.Ifcs : 0;
                ring.Put(bench.Place(frame.AsSpan(offset, part + 1)),
                    (legacy ? 0 : Tx.Data) | last | first | (uint)(part + 1),
                    legacy ? 0 : (uint)frame.Length << 14);
            }
            ring.Send();
            Assert.Equal(frame, bench.Sent[round]);
        }
        Assert.Empty(bench.Broken);
    }

    // 7.2.3.4: nothing is sent before the whole packet is available.
    [Fact]
    public void APacketWaitsForItsLastDescriptor()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.Make(200);
        ring.Put(bench.Place(frame.AsSpan(0, 100)), Tx.Data | Tx.Ifcs | 100, 200 << 14);
        ring.Send();
        Assert.Equal((0, 0u), (bench.Sent.Count, ring.Head));
        ring.Put(bench.Place(frame.AsSpan(100)), Tx.Data | Tx.Eop | Tx.Rs | 100, 0);
        ring.Send();
        Assert.Equal(frame, Assert.Single(bench.Sent));
    }

    // 8.2.3.22.8, TXPADEN: frames are padded with zeros, to 64 bytes with FCS.
    [Theory]
    [InlineData(17)]
    [InlineData(59)]
    public void ShortFramesArePadded(int length)
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.Make(length);
        ring.PutFrame(TransmitFrames.Make(1_000));
        ring.PutFrame(frame);
        ring.PutLegacy(frame);
        ring.Send();
        Assert.Equal(TransmitFrames.Padded(frame), bench.Sent[1]);
        Assert.Equal(TransmitFrames.Padded(frame), bench.Sent[2]);
        Assert.Empty(bench.Broken);
    }

    // 8.2.3.22.8: without TXPADEN a short frame stays short.
    [Fact]
    public void ShortFramesAreNotPaddedWithoutPadding()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        bench.Write(HLREG0, HLREG0_.TxCrcEnable);
        ring.PutFrame(TransmitFrames.Make(20));
        ring.Send();
        Assert.Equal(20, Assert.Single(bench.Sent).Length);
        Assert.Equal(1ul, bench.Statistics.PTC[0]);
    }

    // 7.2.3.2.2: without IFCS (or TXCRCEN) the packet ends with its own FCS; wires carry frames without one. The FCS of
    // "123456789" is 0xCBF43926, low byte first; a frame's is computed bit by bit.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AFrameMayBringItsOwnFcs(bool byDescriptor)
    {
        Assert.Equal(0xCBF4_3926u, Fcs("123456789"u8));
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        if (!byDescriptor) bench.Write(HLREG0, HLREG0_.TxPadEnable);
        byte[] frame = TransmitFrames.Make(80);
        uint command = Tx.Eop | Tx.Rs | (byDescriptor ? 0 : Tx.Ifcs);
        ring.PutFrame([.. frame, .. BitConverter.GetBytes(Fcs(frame))], command);
        ring.Send();
        Assert.Equal(frame, Assert.Single(bench.Sent));
        Assert.Equal(84ul, bench.Statistics.GOTC);
        Assert.Empty(bench.Broken);
        ring.PutFrame([.. frame, .. BitConverter.GetBytes(Fcs(frame) ^ 0x100)], command);
        ring.Send();
        Assert.Single(bench.Sent);
        Assert.Equal(["wrong-fcs"], bench.Broken);
    }

    // 8.2.3.22.8, LPBK: frames return through the receiver and do not reach the wire.
    [Fact]
    public void LoopbackKeepsFramesFromTheWire()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        bench.Write(HLREG0, bench.Read(HLREG0) | Loopback);
        int index = ring.PutFrame(TransmitFrames.Make(60));
        ring.PutFrame(TransmitFrames.Make(30));
        ring.Send();
        Assert.Empty(bench.Sent);
        Assert.True(ring.IsDone(index));
        Assert.Equal(2ul, bench.Statistics.GPTC);
        bench.Write(HLREG0, bench.Read(HLREG0) & ~Loopback);
        ring.PutFrame(TransmitFrames.Make(60));
        ring.Send();
        Assert.Single(bench.Sent);
    }

    // 7.2.3.2.4, MAC.1588, and 8.2.3.26.7: the departure time of a packet is kept until its high half has been read.
    [Theory]
    [InlineData(60)]
    [InlineData(40)]
    public void APacketCanAskForATimeStamp(int length)
    {
        const uint stamp = 1u << 19, valid = 1, enable = 1u << 4;
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        bench.Write(TIMINCA, 1u << 24 | 1);
        bench.Write(TSYNCTXCTL, enable);
        ring.PutFrame(TransmitFrames.Make(length));
        ring.Send();
        Assert.Equal(enable, bench.Read(TSYNCTXCTL));
        ring.PutFrame(TransmitFrames.Make(length), Tx.Whole | stamp);
        ring.Send();
        Assert.Equal(enable | valid, bench.Read(TSYNCTXCTL));
        uint time = bench.Read(TXSTMP);
        Assert.InRange(time, 1u, bench.Read(SYSTIML));
        bench.Run();
        ring.PutFrame(TransmitFrames.Make(length), Tx.Whole | stamp);
        ring.Send();
        Assert.Equal((time, 0u), (bench.Read(TXSTMP), bench.Read(TXSTMP, 1)));
        Assert.Equal(enable, bench.Read(TSYNCTXCTL));
        ring.PutFrame(TransmitFrames.Make(length), Tx.Whole | stamp);
        ring.Send();
        Assert.InRange(bench.Read(TXSTMP), time + 1, bench.Read(SYSTIML));
        Assert.Empty(bench.Broken);
    }

    // 8.2.3.23: good packets and octets (with FCS), all packets, sizes, broadcast and multicast, and what the DMA took.
    [Fact]
    public void FramesAreCounted()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] broadcast = TransmitFrames.Make(61), multicast = TransmitFrames.Make(123);
        broadcast.AsSpan(0, 6).Fill(0xFF);
        multicast[0] = 0x01;
        byte[][] frames =
        [
            TransmitFrames.Make(30), TransmitFrames.Make(60), broadcast, multicast, TransmitFrames.Make(124),
            TransmitFrames.Make(252), TransmitFrames.Make(508), TransmitFrames.Make(1_020), TransmitFrames.Make(9_000),
        ];
        foreach (byte[] frame in frames) ring.PutFrame(frame);
        ring.Send();
        ulong octets = (ulong)frames.Sum(frame => Math.Max(frame.Length, 60) + 4);
        var counted = bench.Statistics;
        Assert.Equal((9ul, 9ul, 9ul), (counted.GPTC, counted.TPT, counted.TXDGPC));
        Assert.Equal((octets, octets), (counted.GOTC, counted.TXDGBC));
        Assert.Equal((1ul, 1ul), (counted.BPTC, counted.MPTC));
        Assert.Equal([2, 2, 1, 1, 1, 2], counted.PTC);
    }

    // 8.2.3.23, TQSM: four queues per register, each with the number of its counter.
    [Fact]
    public void QueuesAreCountedAsTqsmSays()
    {
        using var bench = new TransmitBench();
        bench.Write(TQSM, 0x0F03_0702, 1);
        foreach (int queue in new[] { 0, 4, 5, 7 })
        {
            var ring = bench.AddQueue(queue);
            for (int index = 0; index <= queue; index++) ring.PutFrame(TransmitFrames.Make(60 + queue));
            ring.Send();
        }
        Assert.Equal([1, 0, 5, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 8], bench.Statistics.QPTC);
        Assert.Equal((64ul, 5 * 68ul, 6 * 69ul, 8 * 71ul),
            (bench.Statistics.QBTC[0], bench.Statistics.QBTC[2], bench.Statistics.QBTC[7], bench.Statistics.QBTC[15]));
    }

    // D9: nothing is allocated per packet, on the short path or the long one.
    [Fact]
    public void SendingAllocatesNothing()
    {
        using var bench = new TransmitBench(new CardBench(wire: new SilentWire()));
        var ring = bench.AddQueue(size: 128);
        void SendSome()
        {
            for (int index = 0; index < 20; index++)
            {
                ring.Put(CardBench.Iova, Tx.Whole | Tx.Data | 60, 60 << 14);
                ring.Put(CardBench.Iova, Tx.Whole | Tx.Data | 30, 30 << 14);
                ring.Put(CardBench.Iova, Tx.Ifcs | 100, 0);
                ring.Put(CardBench.Iova, Tx.Eop | Tx.Rs | 100, 0);
                ring.Send();
            }
        }
        SendSome();
        long before = GC.GetAllocatedBytesForCurrentThread();
        SendSome();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(120ul, bench.Statistics.GPTC);
    }

    // IEEE 802.3, 3.2.9, bit by bit.
    private static uint Fcs(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte next in data)
        {
            crc ^= next;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1;
        }
        return ~crc;
    }

    private sealed class SilentWire : Ixy.Simulation.Wires.Wire
    {
        public override void Send(ReadOnlySpan<byte> frame, long now) => LastLength = frame.Length;

        internal int LastLength { get; private set; }

        public override ReadOnlySpan<byte> Receive(long now, out Ixy.Simulation.Wires.FrameErrors errors)
        {
            errors = default;
            return [];
        }
    }
}
