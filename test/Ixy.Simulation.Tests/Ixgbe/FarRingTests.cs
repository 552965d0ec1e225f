using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>
/// Rings and buffers that the card accesses by copying, while the driver keeps working: what the driver may see, and
/// when.
/// </summary>
public sealed class FarRingTests
{
    private const int Frames = 4;

    [Theory] // 7.1.9: a frame is in its buffer when its descriptor is done
    [InlineData(false)]
    [InlineData(true)]
    public void AFrameIsWrittenBeforeItsDescriptorIsDone(bool ringIsFar)
    {
        using var bench = ReceiveBench.Receiving();
        var ring = bench[0];
        List<byte[]> sent = [], received = [];
        bench.Bench.Scatter(iova => ringIsFar || iova >= ring.Buffers, after: Take);
        for (int i = 0; i < Frames; i++) sent.Add(ReceiveBench.Frame(1400, fill: (byte)(i + 1)));
        bench.Deliver([.. sent]);
        Take();
        Assert.Equal(sent, received);
        Assert.Empty(bench.Rules);

        void Take()
        {
            while (ring.IsDone(received.Count)) received.Add(ring.Data(received.Count));
        }
    }

    [Fact] // PCI Express 2.4.1: an interrupt message does not pass earlier writes
    public void ADescriptorIsDoneBeforeItsInterrupt()
    {
        using var bench = ReceiveBench.Receiving();
        var host = new Host(() => bench[0].IsDone(0));
        bench.Card.InterruptTarget = host;
        bench.Bench.Scatter(_ => true);
        bench.Bench.Write(IxgbeFeatureRegisters.IVAR, 0x80);
        bench.Bench.Write(0x00880, 1); // EIMS
        bench.Deliver(ReceiveBench.Frame());
        Assert.Equal([true], host.WasDone);
    }

    // The driver returns descriptors, and moves the tail, after the card has already looked at the ring in this turn.
    [Fact]
    public void DescriptorsThatComeInTheSameTurnAreFetchedAnew()
    {
        using var bench = new ReceiveBench();
        var ring = bench.Start(0, entries: 8);
        bench.EnableReceive();
        bool added = false;
        ulong other = bench.Bench.Allocate(ReceiveBench.BufferLength);
        bench.Bench.Scatter(_ => true);
        bench.Bench.TestWire.Asked = AddOne;
        bench.Deliver([.. Enumerable.Range(0, 8).Select(i => ReceiveBench.Frame(fill: (byte)(i + 1)))]);
        Assert.True(added);
        Assert.Equal(ReceiveBench.Frame(fill: 8), bench.Bench.At(other, 60).ToArray());
        Assert.Empty(bench.Rules);

        void AddOne()
        {
            if (added || bench.Bench.TestWire.Waiting != 1) return;
            BitConverter.TryWriteBytes(ring.Descriptor(7), other);
            ring.Descriptor(7)[8..].Clear();
            bench.Card.WriteBar(0, IxgbeRegisters.RDT[0], 0);
            added = true;
        }
    }

    // The same for transmit descriptors; and the head does not pass them.
    [Fact]
    public void DescriptorsToSendThatComeInTheSameTurnAreFetchedAnew()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue();
        byte[][] frames = [.. Enumerable.Range(0, 3).Select(i => TransmitFrames.Make(100 + i, i))];
        List<uint> heads = [];
        bench.Scatter(_ => true, before: () => heads.Add(bench.Card.ReadBar(0, IxgbeRegisters.TDH[0])));
        bench.Wire.Taken = SendOneMore;
        ring.PutFrame(frames[0]);
        ring.Send();
        Assert.Equal(frames, bench.Sent);
        Assert.Empty(bench.Broken);
        Assert.True(ring.IsDone(0) && ring.IsDone(1) && ring.IsDone(2));
        Assert.Equal([0u, 1u, 2u], heads);

        void SendOneMore()
        {
            if (bench.Sent.Count == frames.Length) return;
            ring.PutFrame(frames[bench.Sent.Count]);
            bench.Card.WriteBar(0, IxgbeRegisters.TDT[0], (uint)ring.Next);
        }
    }

    [Fact]
    public void TheHeadOfReceptionDoesNotPassTheDescriptors()
    {
        using var bench = ReceiveBench.Receiving();
        List<uint> heads = [];
        bench.Bench.Scatter(_ => true, before: () => heads.Add(bench.Card.ReadBar(0, CardRegisters.RDH[0])));
        bench.Deliver(ReceiveBench.Frame());
        // One write for the buffer, and one for the descriptor.
        Assert.Equal([0u, 0u], heads);
        Assert.Equal(1u, bench[0].Head);
    }

    private sealed class Host(Func<bool> isDone) : Ixy.Hosting.Interrupts.IInterruptTarget
    {
        internal List<bool> WasDone { get; } = [];

        public void Message(int vector) => Assert.Fail("MSI-X is off");

        public void Line(bool asserted)
        {
            if (asserted) WasDone.Add(isDone());
        }
    }
}
