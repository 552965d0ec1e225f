using System.Buffers.Binary;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Transmit;

/// <summary>How the card reports what it has sent (datasheet 7.2.3.5).</summary>
public sealed class TransmitReportTests
{
    // 7.2.3.5.1: with WTHRESH 0, descriptors with RS are written back.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void DescriptorsWithRsAreWrittenBack(bool legacy)
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.Make(64);
        uint quiet = Tx.Eop | Tx.Ifcs;
        int[] indices = legacy
            ? [ring.PutLegacy(frame, quiet), ring.PutLegacy(frame), ring.PutLegacy(frame, quiet)]
            : [ring.PutFrame(frame, quiet), ring.PutFrame(frame), ring.PutFrame(frame, quiet)];
        ring.Send();
        Assert.Equal([false, true, false], indices.Select(ring.IsDone));
        Assert.Equal(3u, ring.Head);
        Assert.Empty(bench.Broken);
    }

    // 7.2.3.2.4, write-back format: the driver may read only the status; the model leaves the rest unchanged.
    [Fact]
    public void AWriteBackSetsDescriptorDoneOnly()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        ring.PutFrame(TransmitFrames.Make(64));
        byte[] before = bench.At(ring.Address, 16).ToArray();
        ring.Send();
        before[12] |= 1;
        Assert.Equal(before, bench.At(ring.Address, 16).ToArray());
    }

    // 7.2.3.5.1: with WTHRESH > 0, all descriptors are written back, as soon as that many have accumulated.
    [Fact]
    public void WithWriteBackThresholdDescriptorsAreReportedInBursts()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue(thresholds: TransmitBench.WriteBackThreshold(4));
        byte[] frame = TransmitFrames.Make(64);
        for (int index = 0; index < 6; index++) ring.PutFrame(frame, Tx.Eop | Tx.Ifcs);
        ring.Send();
        Assert.Equal(6, bench.Sent.Count);
        Assert.Equal([true, true, true, true, false, false], Enumerable.Range(0, 6).Select(ring.IsDone));
        ring.PutFrame(frame, Tx.Eop | Tx.Ifcs);
        ring.PutFrame(frame, Tx.Eop | Tx.Ifcs);
        ring.Send();
        Assert.All(Enumerable.Range(0, 8), index => Assert.True(ring.IsDone(index)));
        Assert.Empty(bench.Broken);
    }

    // 7.2.3.5.1: the EITR counter of the queue's vector flushes an incomplete burst (here 50 × 2.048 µs).
    [Fact]
    public void AnIncompleteBurstIsFlushedByTheInterruptTimer()
    {
        using var bench = new TransmitBench();
        bench.Write(IVAR, 0x80u << 8);
        bench.Write(EITR, 50 << 3);
        var ring = bench.AddQueue(thresholds: TransmitBench.WriteBackThreshold(8));
        int index = ring.PutFrame(TransmitFrames.Make(64), Tx.Eop | Tx.Ifcs);
        ring.Send();
        bench.Run(80_000);
        Assert.False(ring.IsDone(index));
        bench.Run(20_000);
        Assert.True(ring.IsDone(index));
    }

    // 8.2.3.9.10: SWFLSH writes back at once, and clears itself.
    [Fact]
    public void SoftwareCanFlushABurst()
    {
        using var bench = new TransmitBench();
        uint thresholds = TransmitBench.WriteBackThreshold(8);
        var ring = bench.AddQueue(thresholds: thresholds);
        int index = ring.PutFrame(TransmitFrames.Make(64), Tx.Eop | Tx.Ifcs);
        ring.Send();
        bench.Run(1_000_000);
        Assert.False(ring.IsDone(index));
        bench.Write(TXDCTL, thresholds | TXDCTL_.Enable | 1u << 26);
        Assert.True(ring.IsDone(index));
        Assert.Equal(thresholds | TXDCTL_.Enable, bench.Read(TXDCTL));
    }

    // 7.2.3.5.2: head write-back: the head is written to memory when RS is set, and no descriptor is written back.
    [Fact]
    public void HeadWriteBackTakesThePlaceOfDescriptorDone()
    {
        using var bench = new TransmitBench();
        ulong head = bench.Allocate(16, 16);
        bench.Write(TDWBAL, (uint)head | 1, 2);
        bench.Write(TDWBAH, (uint)(head >> 32), 2);
        bench.Write(DCA_TXCTRL, bench.Read(DCA_TXCTRL, 2) & ~(1u << 11), 2);
        bench.At(head, 16).Fill(0xEE);
        var ring = bench.AddQueue(2);
        ring.PutFrame(TransmitFrames.Make(64), Tx.Eop | Tx.Ifcs);
        ring.Send();
        Assert.Equal(0xEEEE_EEEEu, BinaryPrimitives.ReadUInt32LittleEndian(bench.At(head, 4)));
        int last = ring.PutFrame(TransmitFrames.Make(64));
        ring.Send();
        Assert.Equal(2u, BinaryPrimitives.ReadUInt32LittleEndian(bench.At(head, 4)));
        Assert.Equal(0xEEEE_EEEEu, BinaryPrimitives.ReadUInt32LittleEndian(bench.At(head + 4, 4)));
        Assert.False(ring.IsDone(last));
        Assert.Empty(bench.Broken);
    }

    // 7.2.3.2.2: a descriptor without data sends nothing; an advanced one is not written back (7.2.3.2.4).
    [Fact]
    public void EmptyDescriptorsSendNothing()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        int legacy = ring.Put(0, Tx.Whole, 0), advanced = ring.Put(0, Tx.Whole | Tx.Data, 0);
        ring.Send();
        Assert.Empty(bench.Sent);
        Assert.Equal((2u, true, false), (ring.Head, ring.IsDone(legacy), ring.IsDone(advanced)));
        Assert.Empty(bench.Broken);
    }

    // 7.2.3.2.2: RS reports the whole packet when it is done, in its last descriptor.
    [Fact]
    public void APacketInSeveralBuffersIsReportedOnce()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[] frame = TransmitFrames.Make(300);
        int first = ring.Put(bench.Place(frame.AsSpan(0, 100)), Tx.Data | Tx.Ifcs | 100, 300 << 14);
        int middle = ring.Put(bench.Place(frame.AsSpan(100, 1)), Tx.Data | 1, 0);
        int last = ring.Put(bench.Place(frame.AsSpan(101)), Tx.Data | Tx.Eop | Tx.Rs | 199, 0);
        ring.Send();
        Assert.Equal(frame, Assert.Single(bench.Sent));
        Assert.Equal([false, false, true], new[] { first, middle, last }.Select(ring.IsDone));
        Assert.Empty(bench.Broken);
    }

    // 7.3.1, 7.2.3.5.1: a write-back sets the cause that IVAR maps the queue to; a packet without RS sets none.
    [Theory]
    [InlineData(0, 0x80u << 8, 1u)]
    [InlineData(1, 0x85u << 24, 1u << 5)]
    [InlineData(1, 0u, 0u)]
    public void AWriteBackSetsTheQueuesInterruptCause(int queue, uint allocation, uint cause)
    {
        const uint queues = 0xFFFF;
        using var bench = new TransmitBench();
        bench.Write(IVAR, allocation);
        var ring = bench.AddQueue(queue);
        _ = bench.Read(EICR);
        ring.PutFrame(TransmitFrames.Make(64), Tx.Eop | Tx.Ifcs);
        ring.Send();
        Assert.Equal(0u, bench.Read(EICR) & queues);
        ring.PutFrame(TransmitFrames.Make(64));
        ring.Send();
        Assert.Equal(cause, bench.Read(EICR) & queues);
    }

    // A packet whose buffer the driver has not mapped causes a fault: nothing is sent, and the queue goes on.
    [Fact]
    public void AnUnmappedBufferIsAFault()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        int index = ring.Put(0xDEAD_0000_0000, Tx.Whole | Tx.Data | 64, 64 << 14);
        ring.PutFrame(TransmitFrames.Make(64));
        ring.Send();
        Assert.Single(bench.Sent);
        Assert.True(ring.IsDone(index));
        Assert.Equal(["dma-outside-mapping"], bench.Broken);
    }

    // An unmapped ring stops its queue with one fault, until the driver moves the tail again.
    [Fact]
    public void AnUnmappedRingIsOneFault()
    {
        using var bench = new TransmitBench(enable: false);
        bench.Write(TDBAH, 0x7777);
        bench.Write(TDLEN, 1024);
        bench.Write(DMATXCTL, bench.Read(DMATXCTL) | DMATXCTL_.Enable);
        bench.Write(TDT, 1);
        bench.Run(100_000);
        Assert.Equal(["dma-outside-mapping"], bench.Broken);
        bench.Write(TDT, 2);
        bench.Run(100_000);
        Assert.Equal(2, bench.Card.Dma.Faults);
    }
}
