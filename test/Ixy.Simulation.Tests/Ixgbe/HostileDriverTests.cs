using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>
/// What no driver does, but a hostile client of a server may: it must never make the card read or write outside the
/// memory it was given, or end the process. Where nothing is asserted at the end, an exception or a crash is the
/// failure.
/// </summary>
public sealed unsafe class HostileDriverTests
{
    private const uint OneBuffer = 1u << 25, SoftwareFlush = 1u << 26;

    // The first fetch got the first descriptor of the second frame, but not the other one.
    [Fact]
    public void TheReceiveRingIsTakenAwayInTheMiddleOfAFrame()
    {
        using var bench = new ReceiveBench();
        var ring = bench.Start(0, OneBuffer | 1, entries: 8, tail: false);
        bench.EnableReceive();
        ring.Tail = 3;
        bench.Deliver(ReceiveBench.Frame(1514));
        Assert.Equal(2u, ring.Head);
        ring.Tail = 7;
        Assert.True(bench.Card.Dma.Unmap(CardBench.Iova, CardBench.MemoryLength));
        bench.Deliver(ReceiveBench.Frame(1514));
        Assert.Contains("dma-outside-mapping", bench.Rules);
        bench.Deliver(ReceiveBench.Frame(1514));
    }

    [Fact]
    public void TheTransmitRingShrinksBehindItsHead()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue(size: 64);
        for (int i = 0; i < 40; i++) ring.PutFrame(TransmitFrames.Make(60, seed: 1));
        ring.Send();
        Assert.Equal((40, 40u), (bench.Sent.Count, ring.Head));
        for (int i = 0; i < 24; i++) ring.PutFrame(TransmitFrames.Make(60, seed: 2));
        ring.Next = 0;
        for (int i = 0; i < 8; i++) ring.PutFrame(TransmitFrames.Make(60, seed: 3));
        bench.Write(TDLEN, 8 * 16);
        bench.Write(TDT, 5);
        bench.Run();
        // Nothing from beyond the end of the shortened ring is sent.
        Assert.DoesNotContain(bench.Sent, frame => frame[5] == 2);
        Assert.Equal(5u, ring.Head);
    }

    [Fact]
    public void ABurstHasNoMoreDescriptorsThanTheRing()
    {
        const uint Threshold = 20;
        using var bench = new TransmitBench();
        var ring = bench.AddQueue(size: 8, thresholds: TransmitBench.WriteBackThreshold(Threshold));
        for (int round = 0; round < 4; round++)
        {
            for (int i = 0; i < 7; i++) ring.PutFrame(TransmitFrames.Make(60), Tx.Eop | Tx.Ifcs);
            ring.Send();
        }
        bench.Write(TXDCTL, TransmitBench.WriteBackThreshold(Threshold) | TXDCTL_.Enable | SoftwareFlush);
        Assert.Equal(28, bench.Sent.Count);
        Assert.All(Enumerable.Range(0, 8), index => Assert.True(ring.IsDone(index)));
    }

    [Fact]
    public void TheRingShrinksUnderABurst()
    {
        using var bench = new TransmitBench();
        uint control = TransmitBench.WriteBackThreshold(30) | TXDCTL_.Enable;
        var ring = bench.AddQueue(size: 64, thresholds: TransmitBench.WriteBackThreshold(30));
        for (int i = 0; i < 25; i++) ring.PutFrame(TransmitFrames.Make(60), Tx.Eop | Tx.Ifcs);
        ring.Send();
        bench.Write(TDLEN, 8 * 16);
        bench.Write(TXDCTL, control | SoftwareFlush);
        Assert.All(Enumerable.Range(8, 56), index => Assert.False(ring.IsDone(index)));
    }

    // With MAC loopback, the receive side parses the frame in place; here another thread changes its header length.
    [Fact]
    public void AFrameThatIsLoopedBackChangesMeanwhile()
    {
        using var bench = new TransmitBench();
        bench.Write(HLREG0, bench.Read(HLREG0) | 1u << 15);
        bench.Write(FCTRL, 3u << 8);
        bench.Write(RXCTRL, RXCTRL_.Enable);
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.MakeIp(isIPv4: true, isTcp: false, new byte[18]);
        int index = ring.PutFrame(frame, Tx.Eop | Tx.Ifcs | Tx.Rs);
        ulong place = BitConverter.ToUInt64(bench.At(ring.Address + (ulong)index * 16, 8));
        fixed (byte* version = bench.At(place + 14, 1))
        {
            using var change = new Changer(version, 0x45, 0x4F);
            for (int i = 0; i < 100_000; i++) bench.Card.Receive.Loopback(bench.At(place, frame.Length));
        }
    }
}
