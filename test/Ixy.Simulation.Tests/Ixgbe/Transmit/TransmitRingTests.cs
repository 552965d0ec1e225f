using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Transmit;

/// <summary>Rings, heads, tails and queues (datasheet 4.6.8, 7.2.3.3, 8.2.3.9).</summary>
public sealed class TransmitRingTests
{
    // 7.2.3.3: the card sends the descriptors between head and tail, and the head follows.
    [Fact]
    public void AFrameIsSentWhenTheTailMoves()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.Make(60);
        ring.PutFrame(frame);
        bench.Run();
        Assert.Empty(bench.Sent);
        ring.Send();
        Assert.Equal(frame, Assert.Single(bench.Sent));
        Assert.Equal(1u, ring.Head);
        Assert.Empty(bench.Broken);
    }

    // 8.2.3.9.9 and design D6: the tail is in a page that software may store to directly.
    [Fact]
    public unsafe void TheTailIsADoorbellInSharedMemory()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue(queue: 127, size: 8);
        uint* tail = (uint*)bench.Card.TryGetShared(0, TDT[127]);
        Assert.True(tail is not null);
        ring.PutFrame(TransmitFrames.Make(64));
        *tail = 1;
        bench.Run();
        Assert.Single(bench.Sent);
        Assert.Equal(1u, ring.Head);
    }

    // 7.2.3.3: a ring of n descriptors wraps, and holds n - 1.
    [Theory]
    [InlineData(8)]
    [InlineData(24)]
    [InlineData(4096)]
    public void ARingWrapsAndHoldsOneLessThanItsSize(int size)
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue(size: size);
        byte[] frame = TransmitFrames.Make(100);
        ulong buffer = bench.Place(frame);
        int sent = 0;
        for (int round = 0; round < 3; round++)
        {
            for (int index = 0; index < size - 1; index++)
                ring.Put(buffer, Tx.Whole | Tx.Data | 100, 100 << 14);
            ring.Send();
            bench.Run(size / 64 * 1_000);
            sent += size - 1;
            Assert.Equal(sent, bench.Sent.Count);
            Assert.Equal((uint)(sent % size), ring.Head);
        }
        Assert.All(bench.Sent, received => Assert.Equal(frame, received));
        Assert.Empty(bench.Broken);
    }

    // 7.2.1.2: 128 queues; all of them exist if MTQC selects 64 pools of two.
    [Fact]
    public void All128QueuesSend()
    {
        using var bench = new TransmitBench();
        bench.WriteStopped(MTQC, MTQC_.Pools | MTQC_.Count01);
        bench.Write(PFVFTE, uint.MaxValue, 0);
        bench.Write(PFVFTE, uint.MaxValue, 1);
        for (int queue = 0; queue < 128; queue++)
        {
            var ring = bench.AddQueue(queue, 8);
            ring.PutFrame(TransmitFrames.Make(60, queue));
            bench.Write(TDT, 1, queue);
        }
        bench.Run();
        Assert.Equal(Enumerable.Range(0, 128), bench.Sent.Select(frame => (int)frame[5]).Order());
        Assert.Empty(bench.Broken);
    }

    // 7.2.1.2.3.4: queues are served in turn; a turn of the card is bounded, so that the others get theirs.
    [Fact]
    public void QueuesAreServedInTurn()
    {
        using var bench = new TransmitBench();
        var rings = new[] { bench.AddQueue(0, 512), bench.AddQueue(5, 512) };
        foreach (var ring in rings)
        {
            for (int index = 0; index < 200; index++) ring.PutFrame(TransmitFrames.Make(60, ring.Queue));
            bench.Write(TDT, 200, ring.Queue);
        }
        bench.Run(1_000);
        Assert.InRange(bench.Sent.Count, 32, 80);
        Assert.Equal(bench.Sent.Count / 2, bench.Sent.Count(frame => frame[5] == 5));
        bench.Run(10_000);
        Assert.Equal(400, bench.Sent.Count);
    }

    // 8.2.3.9.2: nothing is sent before DMATXCTL.TE; 8.2.3.9.10: TE also enables queue 0, and no other.
    [Fact]
    public void TransmitEnableEnablesQueueZero()
    {
        using var bench = new TransmitBench(enable: false);
        var ring = bench.AddQueue(enable: false);
        Assert.Equal(0u, bench.Read(TXDCTL) & TXDCTL_.Enable);
        bench.Write(DMATXCTL, bench.Read(DMATXCTL) | DMATXCTL_.Enable);
        Assert.Equal(TXDCTL_.Enable, bench.Read(TXDCTL) & TXDCTL_.Enable);
        Assert.Equal(0u, bench.Read(TXDCTL, 1) & TXDCTL_.Enable);
        ring.PutFrame(TransmitFrames.Make(60));
        ring.Send();
        Assert.Single(bench.Sent);
        Assert.Empty(bench.Broken);
    }

    // 4.6.8.1: a queue can be disabled when it is empty, and enabled with another ring.
    [Fact]
    public void AQueueCanBeDisabledAndEnabledAnew()
    {
        using var bench = new TransmitBench();
        var first = bench.AddQueue(3);
        first.PutFrame(TransmitFrames.Make(60, 1));
        first.Send();
        bench.Write(TXDCTL, 0, 3);
        Assert.Equal(0u, bench.Read(TXDCTL, 3));
        bench.Write(TDH, 0, 3);
        bench.Write(TDT, 0, 3);
        var second = bench.AddQueue(3, 32);
        second.PutFrame(TransmitFrames.Make(60, 2));
        second.Send();
        Assert.Equal([1, 2], bench.Sent.Select(frame => (int)frame[5]));
        Assert.Empty(bench.Broken);
    }

    // 8.2.3.10.2: RTTDCS.ARBDIS pauses the descriptor plane; 5.2.5.3.2: so does GIO master disable.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AStoppedArbiterOrMasterHoldsDescriptorsBack(bool arbiter)
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        var register = arbiter ? RTTDCS : CTRL;
        uint before = bench.Read(register);
        bench.Write(register, before | (arbiter ? RTTDCS_.ArbiterDisable : CTRL_.MasterDisable));
        ring.PutFrame(TransmitFrames.Make(60));
        ring.Send();
        Assert.Equal((0, 0u), (bench.Sent.Count, ring.Head));
        bench.Write(register, before);
        bench.Run();
        Assert.Equal((1, 1u), (bench.Sent.Count, ring.Head));
    }

    // 3.7, 7.2: without a link, nothing leaves; descriptors wait until there is one again.
    [Fact]
    public void DescriptorsWaitForTheLink()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        bench.Wire.Signal = false;
        bench.Run();
        ring.PutFrame(TransmitFrames.Make(60));
        ring.Send();
        bench.Run(1_000_000);
        Assert.Equal((0, 0u, false), (bench.Sent.Count, ring.Head, ring.IsDone(0)));
        bench.Wire.Signal = true;
        bench.Run(100_000);
        Assert.Equal((1, 1u, true), (bench.Sent.Count, ring.Head, ring.IsDone(0)));
        Assert.Empty(bench.Broken);
    }

    // 7.2.1.2.1: the queues of a pool send only if its bit in PFVFTE is set; here a pool has two queues.
    [Fact]
    public void APoolSendsOnlyIfItMay()
    {
        using var bench = new TransmitBench();
        bench.WriteStopped(MTQC, MTQC_.Pools | MTQC_.Count01);
        bench.Write(PFVFTE, 1u << 1, 1);
        foreach (int queue in new[] { 64, 66, 67 })
        {
            var ring = bench.AddQueue(queue, 8);
            ring.PutFrame(TransmitFrames.Make(60, queue));
            ring.Send();
        }
        Assert.Equal([66, 67], bench.Sent.Select(frame => (int)frame[5]));
        bench.Write(PFVFTE, 1u << 0 | 1u << 1, 1);
        bench.Run();
        Assert.Equal(64, bench.Sent[^1][5]);
    }

    // A reset of the card returns every queue to its initial state.
    [Fact]
    public void AResetDisablesAllQueues()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue(7);
        ring.PutFrame(TransmitFrames.Make(60));
        ring.Send();
        bench.Card.PciReset();
        bench.Card.WriteConfig(0x04, 0x0006, 2); // PCI command register: memory space and bus master (9.3.3)
        Assert.Equal(
            (0u, 0u, 0u), (bench.Read(TXDCTL, 7), bench.Read(TDH, 7), bench.Read(DMATXCTL) & DMATXCTL_.Enable));
        bench.Run();
        Assert.Single(bench.Sent);
    }

    // 8.2.3.10: RTTDQSEL selects the queue whose credits RTTDT1C shows.
    [Fact]
    public void CreditsAreKeptForEachQueue()
    {
        using var bench = new TransmitBench();
        for (uint queue = 0; queue < 128; queue++)
        {
            bench.Write(RTTDQSEL, queue);
            bench.Write(RTTDT1C, queue * 3);
            bench.Write(RTTBCNRC, queue * 5);
        }
        bench.Write(RTTDQSEL, 77);
        Assert.Equal((231u, 385u), (bench.Read(RTTDT1C), bench.Read(RTTBCNRC)));
    }

    // 8.2.3.9, 8.2.3.10: values after reset.
    [Fact]
    public void ResetValuesAreTheDatasheets()
    {
        using var bench = new CardBench();
        Assert.Equal(0x0F76_0FF6u, bench.Read(DTXTCPFLGL));
        Assert.Equal(0x0000_0F7Fu, bench.Read(DTXTCPFLGH));
        Assert.Equal(0x8100_0000u, bench.Read(DMATXCTL) & 0xFFFF_0009);
        Assert.Equal(0x2A00u, bench.Read(DCA_TXCTRL, 127));
        Assert.Equal((0x96u, 0u), (bench.Read(TXPBTHRESH), bench.Read(TXPBTHRESH, 1)));
        Assert.Equal(0x8900_0000u, bench.Read(RTTPCS));
        Assert.Equal(0u, bench.Read(TXDCTL, 64));
    }
}
