using Ixy.Ixgbe;

namespace Ixy.Simulation.Tests.Ixgbe.Receive;

/// <summary>Rings, descriptors and their order (datasheet 7.1.5 to 7.1.9).</summary>
public sealed class ReceiveRingTests
{
    private const uint DoneAndEnd = 3, OneBuffer = 1u << 25, DropEnable = 1u << 28;

    [Fact]
    public void AFrameIsWrittenToItsBufferAndTheDescriptorBack() // 7.1.6.2
    {
        using var bench = ReceiveBench.Receiving();
        byte[] frame = ReceiveBench.Frame(60);
        bench.Deliver(frame);
        Assert.Equal(DoneAndEnd, bench[0].Status(0));
        Assert.Equal(frame, bench[0].Data(0));
        Assert.Equal(0ul, bench[0].Low(0)); // no RSS, no type
        Assert.Equal(1u, bench[0].Head); // 8.2.3.8.4
        Assert.False(bench[0].IsDone(1));
        Assert.Empty(bench.Violations);
    }

    [Theory] // 7.1.5: legacy descriptors, here with the buffer address kept in the first word
    [InlineData(60)]
    [InlineData(1514)]
    public void ALegacyDescriptorHasLengthStatusAndAddress(int length)
    {
        using var bench = ReceiveBench.Receiving(split: 2);
        ulong buffer = bench[0].Low(0);
        bench.Deliver(ReceiveBench.Frame(length));
        Assert.Equal(buffer, bench[0].Low(0));
        Assert.Equal((uint)length | 3ul << 32, bench[0].High(0));
    }

    [Theory] // 7.1.6.2: EOP, and with it status, in the last descriptor only; 8.2.3.8.7: BSIZEPACKET in KiB
    [InlineData(1024, 1)]
    [InlineData(1025, 2)]
    [InlineData(1514, 2)]
    public void AFrameLongerThanABufferTakesMoreDescriptors(int length, int descriptors)
    {
        using var bench = ReceiveBench.Receiving(OneBuffer | 1);
        byte[] frame = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];
        TestPackets.Mac.CopyTo(frame, 0);
        frame[12] = 0x88;
        bench.Deliver(frame);
        byte[] received = [.. Enumerable.Range(0, descriptors).SelectMany(bench[0].Data)];
        Assert.Equal(frame, received);
        for (int i = 0; i < descriptors - 1; i++) Assert.Equal(1u, bench[0].Status(i));
        Assert.Equal(DoneAndEnd, bench[0].Status(descriptors - 1));
        Assert.Equal((uint)descriptors, bench[0].Head);
    }

    [Fact] // 8.2.3.22.13 and 8.2.3.8.7: a 16 KiB buffer holds the longest frame
    public void AJumboFrameFitsInOneLargeBuffer()
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(
            IxgbeRegisters.HLREG0, bench.Bench.Read(IxgbeRegisters.HLREG0) | IxgbeRegisters.HLREG0_.JumboEnable);
        bench.Bench.Write(IxgbeRegisters.MAXFRS, 9018u << 16);
        bench.Start(0, OneBuffer | 16);
        bench.EnableReceive();
        bench.Deliver(ReceiveBench.Frame(9014), ReceiveBench.Frame(9015));
        Assert.Equal(9014, bench[0].Length(0));
        Assert.False(bench[0].IsDone(1));
        Assert.Equal(1ul, bench.Statistics.ROC);
    }

    [Fact] // 7.1.9: head equal to tail means that the card has no descriptors
    public void TheCardStopsAtTheTail()
    {
        using var bench = new ReceiveBench();
        var ring = bench.Start(0, tail: false);
        bench.EnableReceive();
        bench.Deliver(ReceiveBench.Frame());
        Assert.Equal(0u, ring.Head);
        ring.Tail = 3;
        bench.Deliver([.. Enumerable.Repeat(ReceiveBench.Frame(), 5)]);
        Assert.Equal(3u, ring.Head);
        Assert.True(ring.IsDone(2));
        Assert.False(ring.IsDone(3));
        ring.Tail = 6; // the frames waited in the packet buffer (7.1.2, SRRCTL.Drop_En clear)
        bench.Bench.Run();
        Assert.Equal(6u, ring.Head);
        Assert.Equal(0ul, bench.Statistics.MPC[0]);
    }

    [Fact] // 7.1.9: the ring wraps at RDLEN
    public void TheRingWrapsAtItsLength()
    {
        using var bench = new ReceiveBench();
        var ring = bench.Start(0, entries: 8);
        bench.EnableReceive();
        for (byte number = 0; number < 50; number++)
        {
            bench.Deliver(ReceiveBench.Frame(fill: number));
            int index = number % 8;
            Assert.Equal(number, ring.Data(index)[^1]);
            Assert.Equal((uint)(index + 1) % 8, ring.Head);
            ring.Refill(index, 1);
            ring.Tail = (uint)index;
        }
        Assert.Empty(bench.Violations);
    }

    [Fact] // 7.1.8: descriptors are prefetched; what software changes behind the tail is no longer seen
    public void AFetchedDescriptorIsKnownToTheCard()
    {
        using var bench = ReceiveBench.Receiving();
        var ring = bench[0];
        bench.Deliver(ReceiveBench.Frame());
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(
            ring.Descriptor(1), ring.Buffers + 100 * ReceiveBench.BufferLength);
        bench.Deliver(ReceiveBench.Frame(fill: 0x11));
        Assert.Equal(0x11, ring.Data(1)[^1]);
        Assert.Equal(0, bench.Bench.At(ring.Buffers + 100 * ReceiveBench.BufferLength, 1)[0]);
    }

    [Fact] // 8.2.3.8.7 Drop_En, 8.2.3.23.75 QPRDC
    public void WithDropEnableAFrameWithoutDescriptorsIsDroppedAndCounted()
    {
        using var bench = new ReceiveBench();
        var ring = bench.Start(0, OneBuffer | DropEnable | 1, tail: false);
        bench.EnableReceive();
        ring.Tail = 1;
        bench.Deliver(ReceiveBench.Frame(1514), ReceiveBench.Frame(fill: 0x22));
        Assert.Equal(1ul, bench.Statistics.QPRDC[0]); // one descriptor is not enough for the first, and none is used
        Assert.Equal(0x22, ring.Data(0)[^1]);
        Assert.Equal(1u, ring.Head);
    }

    [Fact] // 4.6.7.1.2, 8.2.3.23.75
    public void FramesForADisabledQueueAreDroppedAndCounted()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(IxgbeRegisters.RXDCTL, 0);
        Assert.Equal(0u, bench.Bench.Read(IxgbeRegisters.RXDCTL) & IxgbeRegisters.RXDCTL_.Enable);
        bench.Deliver(ReceiveBench.Frame());
        Assert.Equal(1ul, bench.Statistics.QPRDC[0]);
        Assert.False(bench[0].IsDone(0));
        bench[0].Enable();
        bench.Deliver(ReceiveBench.Frame());
        Assert.True(bench[0].IsDone(0)); // starting from descriptor 0 again
        Assert.Empty(bench.Violations);
    }

    [Fact] // 8.2.3.8.9: frames wait in the packet buffer; 8.2.3.23.4: if it is full, frames are missed
    public void TheFullPacketBufferMissesFrames()
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(IxgbeRegisters.RXPBSIZE, 0x0400); // 1 KiB
        var ring = bench.Start(0, tail: false);
        bench.EnableReceive();
        bench.Deliver([.. Enumerable.Range(0, 20).Select(number => ReceiveBench.Frame(124, fill: (byte)number))]);
        Assert.Equal(12ul, bench.Statistics.MPC[0]); // 8 frames of 128 bytes with FCS fit
        Assert.Equal(1024, bench.Card.Receive.BufferedBytes);
        ring.Tail = 100;
        bench.Bench.Run();
        Assert.Equal(8u, ring.Head);
        for (byte number = 0; number < 8; number++) Assert.Equal(number, ring.Data(number)[^1]);
        Assert.Equal(0, bench.Card.Receive.BufferedBytes);
    }

    [Fact] // 7.1.2: the packet buffer is first in, first out, so a queue without descriptors holds up the others
    public void AWaitingFrameHoldsUpTheQueuesBehindIt()
    {
        using var bench = new ReceiveBench();
        var empty = bench.Start(0, tail: false);
        bench.Start(1);
        bench.Bench.Write(0x05128, 0x8000_88B6); // ETQF[0]
        bench.Bench.Write(0x0EC00, 0x8001_0000); // ETQS[0]: queue 1
        bench.EnableReceive();
        bench.Deliver(ReceiveBench.Frame(), ReceiveBench.Frame(type: 0x88B6));
        Assert.False(bench[1].IsDone(0));
        empty.Tail = 1;
        bench.Bench.Run();
        Assert.True(empty.IsDone(0));
        Assert.True(bench[1].IsDone(0));
    }

    [Theory]
    [InlineData(63)]
    [InlineData(64)] // from here on the registers are at 0x0D000 (8.2.3.8)
    [InlineData(127)]
    public void EveryQueueHasItsRegisters(int queue)
    {
        using var bench = new ReceiveBench();
        bench.Start(queue);
        bench.Bench.Write(0x05128, 0x8000_88B5);
        bench.Bench.Write(0x0EC00, 0x8000_0000 | (uint)queue << 16);
        bench.EnableReceive();
        bench.Deliver(ReceiveBench.Frame());
        Assert.True(bench[queue].IsDone(0));
        Assert.Equal(1u, bench[queue].Head);
    }

    [Fact] // design D6: a doorbell is a store
    public unsafe void TheTailIsADoorbellInSharedMemory()
    {
        using var bench = new ReceiveBench();
        var ring = new Ring(bench, 5, 128);
        ring.Program(OneBuffer | 2);
        ring.Refill(0, 128);
        ring.Enable();
        *(uint*)bench.Card.TryGetShared(0, IxgbeRegisters.RDT[5]) = 127;
        bench.Bench.Write(0x05128, 0x8000_88B5);
        bench.Bench.Write(0x0EC00, 0x8005_0000);
        bench.EnableReceive();
        bench.Deliver(ReceiveBench.Frame());
        Assert.True(ring.IsDone(0));
        Assert.Empty(bench.Violations);
    }
}
