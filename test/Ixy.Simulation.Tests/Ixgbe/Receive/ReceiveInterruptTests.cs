using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe.Receive;
using Ixy.Simulation.Ixgbe.Transmit;

namespace Ixy.Simulation.Tests.Ixgbe.Receive;

/// <summary>
/// What the receive path does elsewhere in the card: interrupts, reset, halt; and that it allocates nothing.
/// </summary>
public sealed class ReceiveInterruptTests
{
    private const uint OneBuffer = 1u << 25, RxMiss = 1u << 17;

    [Fact] // 7.3.4, 8.2.3.5: a queue's frames set the cause that IVAR maps the queue to
    public void AReceivedFrameSetsTheCauseOfItsQueue()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(0x00900, 0x80 | 5); // IVAR[0]: receive queue 0 sets cause 5
        Assert.Equal(0u, bench.Bench.Read(IxgbeRegisters.EICR) & 0xFFFF);
        bench.Deliver(ReceiveBench.Frame(), ReceiveBench.Frame());
        Assert.Equal(1u << 5, bench.Bench.Read(IxgbeRegisters.EICR) & 0xFFFF);
        bench.Bench.Run();
        Assert.Equal(0u, bench.Bench.Read(IxgbeRegisters.EICR) & 0xFFFF); // once
    }

    [Fact] // 8.2.3.5.1: Rx Miss
    public void AMissedFrameSetsRxMiss()
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(IxgbeRegisters.RXPBSIZE, 0x0400);
        bench.Start(0, tail: false);
        bench.EnableReceive();
        bench.Deliver([.. Enumerable.Repeat(ReceiveBench.Frame(), 16)]);
        Assert.Equal(0u, bench.Bench.Read(IxgbeRegisters.EICR) & RxMiss);
        bench.Deliver(ReceiveBench.Frame());
        Assert.Equal(RxMiss, bench.Bench.Read(IxgbeRegisters.EICR) & RxMiss);
    }

    [Fact] // 7.3.2.2: a filter can request a low-latency interrupt, and the descriptor says so
    public void ALowLatencyFilterMarksTheDescriptor()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(0x05128, 0x8000_88B5);
        bench.Bench.Write(0x0EC00, 0xA000_0000);
        bench.Deliver(ReceiveBench.Frame(), ReceiveBench.Frame(type: 0x88B6));
        Assert.Equal((1u << 11 | 3, 3u), (bench[0].Status(0), bench[0].Status(1)));
    }

    [Fact] // 4.2.1.6.2: a software reset stops the queues and drops waiting frames
    public void SoftwareResetStopsReceiving()
    {
        using var bench = new ReceiveBench();
        bench.Start(0, tail: false);
        bench.EnableReceive();
        bench.Deliver(ReceiveBench.Frame());
        Assert.Equal(64, bench.Card.Receive.BufferedBytes);
        bench.Bench.Write(IxgbeRegisters.CTRL, IxgbeRegisters.CTRL_.RST);
        bench.Bench.Run(20_000_000);
        Assert.Equal(0, bench.Card.Receive.BufferedBytes);
        Assert.Equal(0u, bench.Bench.Read(IxgbeRegisters.RXDCTL) & IxgbeRegisters.RXDCTL_.Enable);
        Assert.Equal(0u, bench.Bench.Read(IxgbeRegisters.RXCTRL));
    }

    [Fact] // 4.6.7, 8.2.3.12: SECRXCTRL.RX_DIS
    public void TheHaltedSecurityBlockLetsNothingIn()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(0x08D00, bench.Bench.Read(0x08D00) | 2);
        bench.Deliver(ReceiveBench.Frame());
        Assert.Equal(0u, bench[0].Head);
        bench.Bench.Write(0x08D00, bench.Bench.Read(0x08D00) & ~2u);
        bench.Bench.Run();
        Assert.Equal(1u, bench[0].Head);
    }

    [Fact] // design D9
    public void ReceivingAllocatesNothing()
    {
        using var bench = new ReceiveBench();
        var ring = bench.Start(0, OneBuffer | 1);
        bench.EnableReceive();
        byte[][] frames = [
            ReceiveBench.Frame(), TestPackets.IPv4(TestPackets.Udp, TestPackets.Segment(TestPackets.Udp)),
            TestPackets.Tagged(ReceiveBench.Frame(1400), 5),
            TestPackets.IPv6(TestPackets.Tcp, TestPackets.Segment(TestPackets.Tcp))];
        for (int round = 0; round < 200; round++)
        {
            foreach (byte[] frame in frames) bench.Bench.TestWire.Deliver(frame);
            long before = GC.GetAllocatedBytesForCurrentThread();
            bench.Card.Receive.Poll(bench.Bench.Now);
            if (round > 100) Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            ring.Refill(0, ring.Entries);
            ring.Tail = (ring.Head + (uint)ring.Entries - 1) % (uint)ring.Entries;
        }
        Assert.Equal(800ul, bench.Statistics.GPRC);
    }

    [Theory] // the plain path and the general one give the same result
    [InlineData(TestPackets.Tcp)]
    [InlineData(TestPackets.Udp)]
    public void ThePlainPathAgreesWithTheGeneralOne(byte protocol)
    {
        for (int payload = 0; payload < 300; payload++)
        {
            byte[] frame = TestPackets.IPv4(protocol, TestPackets.Segment(protocol, payload: payload));
            for (int broken = 0; broken < 3; broken++)
            {
                // Break the time to live, then the first byte of the source port as well.
                if (broken > 0) frame[broken == 1 ? 22 : 34] ^= 0x40;
                var headers = new PacketHeaders();
                headers.Parse(frame, 0x8100);
                var plain = new ReceivedFrame();
                Assert.True(PlainIPv4.TryRead(frame, ref plain));
                Assert.Equal(
                    (headers.Type << 4, ReceiveChecksums.Check(frame, headers)), (plain.PacketInfo, plain.Status));
                Assert.Equal(
                    (headers.MacEnd(frame), headers.L4Start, headers.L4End), (plain.L2End, plain.L3End, plain.L4End));
            }
        }
    }

    [Theory] // what the plain path has to leave to the general one
    [InlineData("fragment")]
    [InlineData("options")]
    [InlineData("no checksum")]
    [InlineData("too long")]
    [InlineData("other protocol")]
    public void ThePlainPathLeavesTheRestAlone(string kind)
    {
        byte[] segment = TestPackets.Segment(TestPackets.Udp);
        byte[] frame = kind switch
        {
            "fragment" => TestPackets.IPv4(TestPackets.Udp, segment, fragment: 0x2000),
            "options" => TestPackets.IPv4(TestPackets.Udp, segment, options: 4),
            "no checksum" => TestPackets.IPv4(TestPackets.Udp, segment, checksum: false),
            "other protocol" => TestPackets.IPv4(TestPackets.Icmp, segment),
            _ => TestPackets.IPv4(TestPackets.Udp, segment),
        };
        if (kind == "too long") frame[16] = 2;
        var plain = new ReceivedFrame();
        Assert.False(PlainIPv4.TryRead(frame, ref plain));
        Assert.Equal((0u, 0u), (plain.PacketInfo, plain.Status));
    }
}
