using System.Buffers.Binary;
using Ixy.Hosting;
using Ixy.Ixgbe;

namespace Ixy.Simulation.Tests.Ixgbe.Receive;

/// <summary>Each rule of the datasheet for receive registers and descriptors, broken once (design D7).</summary>
public sealed unsafe class ReceiveRuleTests
{
    private const uint OneBuffer = 1u << 25, Enable = 1u << 25;

    private static RuleViolation Only(ReceiveBench bench) => Assert.Single(bench.Violations);

    [Fact] // 4.6.7.1
    public void TailWhileDisabled()
    {
        using var bench = new ReceiveBench();
        var ring = new Ring(bench, 3, 128);
        ring.Program(OneBuffer | 2);
        ring.Tail = 0; // software may write the reset value
        Assert.Empty(bench.Violations);
        ring.Tail = 5;
        Assert.Equal(
            ("tail-while-disabled", "RDT[3]", 5ul), (Only(bench).Rule, Only(bench).Register, Only(bench).Value));
        ring.Enable();
        Assert.Single(bench.Violations); // reported once
    }

    [Fact] // 4.6.7.1, through plain memory (design D6): noticed when the queue is enabled
    public void TailWhileDisabledInPlainMemory()
    {
        using var bench = new ReceiveBench();
        var ring = new Ring(bench, 3, 128);
        ring.Program(OneBuffer | 2);
        *(uint*)bench.Card.TryGetShared(0, IxgbeRegisters.RDT[3]) = 9;
        ring.Enable();
        Assert.Equal(("tail-while-disabled", 9ul), (Only(bench).Rule, Only(bench).Value));
    }

    [Fact] // 8.2.3.8.5
    public void TailBeyondRing()
    {
        using var bench = ReceiveBench.Receiving();
        bench[0].Tail = 128;
        bench.Deliver([.. Enumerable.Repeat(ReceiveBench.Frame(), 130)]);
        Assert.Equal(("tail-beyond-ring", 128ul), (Only(bench).Rule, Only(bench).Value));
        bench[0].Tail = 63; // a valid one is accepted again
        bench.Bench.Run(200_000);
        Assert.Equal(63u, bench[0].Head);
    }

    [Fact] // 7.1.9
    public void TailMovedBack()
    {
        using var bench = new ReceiveBench();
        var ring = bench.Start(0, tail: false);
        bench.EnableReceive();
        ring.Tail = 100;
        bench.Deliver([.. Enumerable.Repeat(ReceiveBench.Frame(), 64)]);
        ring.Tail = 80;
        bench.Deliver(ReceiveBench.Frame());
        Assert.Equal("tail-moved-back", Only(bench).Rule);
    }

    [Theory] // 8.2.3.8.1, 8.2.3.8.3
    [InlineData(0x01000u, 0x1040u, "ring-alignment")]
    [InlineData(0x01008u, 0x0840u, "ring-length")]
    [InlineData(0x01008u, 0x4_0000u, "ring-length")]
    public void RingAlignmentAndLength(uint offset, uint value, string rule)
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(offset, value);
        Assert.Equal((rule, (ulong)value), (Only(bench).Rule, Only(bench).Value));
        Assert.Equal(value & ~0x7Fu, bench.Bench.Read(offset)); // the low bits do not exist
    }

    [Fact] // 4.6.7.1
    public void QueueEnabledWithoutARing()
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(IxgbeRegisters.RXDCTL, Enable, 7);
        Assert.Equal(("queue-without-ring", "RXDCTL[7]"), (Only(bench).Rule, Only(bench).Register));
    }

    [Theory] // 8.2.3.8.6, 8.2.3.8.7, 8.2.3.8.5
    [InlineData(0x01014u, OneBuffer | 2 | 1 << 5, "reserved-bits")]
    [InlineData(0x01014u, OneBuffer | 2 | 1u << 31, "reserved-bits")]
    [InlineData(0x01028u, 1u << 27, "reserved-bits")]
    public void ReservedBits(uint offset, uint value, string rule)
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(offset, value);
        Assert.Equal(rule, Only(bench).Rule);
    }

    [Fact]
    public void ReservedBitsOfTheTail() // 8.2.3.8.5
    {
        using var bench = ReceiveBench.Receiving();
        bench[0].Tail = 0x1_0005;
        Assert.Equal("reserved-bits", Only(bench).Rule);
    }

    [Theory] // 8.2.3.8.7
    [InlineData(OneBuffer, "buffer-size")]
    [InlineData(OneBuffer | 17, "buffer-size")]
    [InlineData(3u << 25 | 2, "descriptor-type")]
    [InlineData(7u << 25 | 2, "descriptor-type")]
    [InlineData(2u << 25 | 2, "header-buffer-size")]
    [InlineData(5u << 25 | 17 << 8 | 2, "header-buffer-size")]
    public void BufferSizesAndDescriptorTypes(uint split, string rule)
    {
        using var bench = new ReceiveBench();
        bench.Start(0, split, tail: false);
        Assert.Equal((rule, (ulong)split), (Only(bench).Rule, Only(bench).Value));
    }

    [Fact] // 4.6.7.1; Drop_En may change (8.2.3.8.7)
    public void RegistersOfARunningQueueChange()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(IxgbeRegisters.SRRCTL, OneBuffer | 2 | 1 << 28);
        bench.Bench.Write(IxgbeRegisters.RDLEN, 128 * 16);
        Assert.Empty(bench.Violations);
        bench.Bench.Write(IxgbeRegisters.SRRCTL, OneBuffer | 4);
        bench.Bench.Write(IxgbeRegisters.RDLEN, 64 * 16);
        bench.Bench.Write(IxgbeRegisters.RDBAL, 0x4000);
        Assert.Equal(["changed-while-enabled", "changed-while-enabled", "changed-while-enabled"], bench.Rules);
        Assert.Equal(["SRRCTL[0]", "RDLEN[0]", "RDBAL[0]"], bench.Violations.Select(violation => violation.Register));
    }

    [Fact] // 4.6.7: it is set after reset; clearing it is the last step, which may come after the queue was enabled
    public void DcaBit12LeftAsItWasAfterReset()
    {
        using var bench = new ReceiveBench();
        Assert.Equal(0xB200u, bench.Bench.Read(IxgbeRegisters.DCA_RXCTRL, 2));
        bench.Start(0);
        bench.EnableReceive();
        bench.Bench.Write(IxgbeRegisters.DCA_RXCTRL, 0x1200); // a driver may set the others first
        bench.Bench.Write(IxgbeRegisters.DCA_RXCTRL, 0x0200);
        bench.Deliver(ReceiveBench.Frame());
        bench.Bench.Write(IxgbeRegisters.DCA_RXCTRL, 0x1200);
        bench.Deliver(ReceiveBench.Frame());
        Assert.Empty(bench.Violations); // it was correct when the queue started
        bench.Bench.Write(IxgbeRegisters.RXDCTL, 0);
        bench.Start(0);
        bench.Bench.Write(IxgbeRegisters.DCA_RXCTRL, 0x1200);
        bench.Deliver([.. Enumerable.Repeat(ReceiveBench.Frame(), 100)]);
        Assert.Equal(
            ("dca-bit-12", "DCA_RXCTRL[0]", 0x1200ul), (Only(bench).Rule, Only(bench).Register, Only(bench).Value));
    }

    [Fact] // 8.2.3.8.8
    public void CrcStripDiffers()
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(IxgbeRegisters.RDRXCTL, bench.Bench.Read(IxgbeRegisters.RDRXCTL) & ~2u);
        bench.Start(0);
        bench.EnableReceive();
        Assert.Equal("crc-strip-differs", Only(bench).Rule);
    }

    [Fact] // 8.2.3.8.8
    public void RscFirstSize()
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(IxgbeRegisters.RDRXCTL, bench.Bench.Read(IxgbeRegisters.RDRXCTL) | 8 << 17);
        bench.Start(0);
        bench.EnableReceive();
        Assert.Equal("rsc-first-size", Only(bench).Rule);
    }

    [Theory] // 8.2.3.8.8
    [InlineData(25)]
    [InlineData(26)]
    public void ReceiveDmaBits(int bit)
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(0x02F00, bench.Bench.Read(0x02F00) & ~(1u << bit));
        bench.Start(0);
        bench.EnableReceive();
        Assert.Equal(("receive-dma-bits", "8.2.3.8.8"), (Only(bench).Rule, Only(bench).Section));
    }

    [Theory] // 4.6.3.2, 8.2.3.3.4
    [InlineData(0x0000u, "4.6.3.2")]
    [InlineData(0x8000_0000u, "4.6.3.2")]
    [InlineData(0x7_FFE0u, "8.2.3.3.4")]
    public void FlowControlThreshold(uint value, string section)
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(0x03C00, 0x7_FC00); // RXPBSIZE[0]: 511 KiB
        bench.Bench.Write(0x03260, value);
        bench.Start(0);
        bench.EnableReceive();
        Assert.Equal(
            ("flow-control-threshold", "FCRTH[0]", section),
            (Only(bench).Rule, Only(bench).Register, Only(bench).Section));
    }

    [Fact] // 8.2.3.7.1
    public void FiltersWhileReceiving()
    {
        const uint FilterControl = 0x05080, Broadcast = 1u << 10, Promiscuous = 3u << 8;
        using var bench = new ReceiveBench();
        bench.Bench.Write(FilterControl, Broadcast);
        bench.Start(0);
        bench.EnableReceive();
        bench.Bench.Write(FilterControl, Broadcast); // nothing changes
        bench.Bench.Write(0x03000, 0);
        bench.Bench.Write(FilterControl, Promiscuous);
        bench.EnableReceive();
        Assert.Empty(bench.Violations);
        bench.Bench.Write(FilterControl, Broadcast);
        Assert.Equal(("filters-while-receiving", (ulong)Broadcast), (Only(bench).Rule, Only(bench).Value));
        Assert.Equal(Broadcast, bench.Bench.Read(FilterControl)); // the card accepts it all the same
    }

    [Theory] // 4.6.7.2: coalescing
    [InlineData(OneBuffer | 4 << 8 | 1, 1u << 25, "rsc-descriptors")]
    [InlineData(OneBuffer | 1 << 8 | 2, 1u << 25, "rsc-descriptors")]
    [InlineData(4u << 8 | 2, 1u << 25, "rsc-descriptors")]
    [InlineData(OneBuffer | 4 << 8 | 2, 0u, "rsc-control")]
    public void CoalescingWithoutItsConditions(uint split, uint control, string rule)
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(IxgbeRegisters.RDRXCTL, bench.Bench.Read(IxgbeRegisters.RDRXCTL) & ~(1u << 25) | control);
        bench.Bench.Write(0x0102C, 1);
        bench.Start(0, split);
        Assert.Equal(rule, Only(bench).Rule);
    }

    [Fact] // 7.1.6.1
    public void NullDescriptor()
    {
        using var bench = ReceiveBench.Receiving();
        bench[0].Descriptor(0).Clear();
        bench.Deliver(ReceiveBench.Frame());
        Assert.Equal("null-descriptor", bench.Rules[0]);
        Assert.Equal("receive descriptor 0 of queue 0", bench.Violations[0].Register);
    }

    [Fact] // 7.1.6.1
    public void DescriptorAlreadyDone()
    {
        using var bench = ReceiveBench.Receiving();
        BinaryPrimitives.WriteUInt64LittleEndian(bench[0].Descriptor(1)[8..], 60ul << 32 | 3);
        // without a length it cannot be taken for a frame
        BinaryPrimitives.WriteUInt64LittleEndian(bench[0].Descriptor(2)[8..], 3);
        bench.Deliver(ReceiveBench.Frame());
        Assert.Equal(
            ("descriptor-already-done", "receive descriptor 1 of queue 0"), (Only(bench).Rule, Only(bench).Register));
    }

    [Fact] // the model's IOMMU: the frame is lost, the descriptor done, the card goes on
    public void BufferOutsideTheMapping()
    {
        using var bench = ReceiveBench.Receiving();
        BinaryPrimitives.WriteUInt64LittleEndian(bench[0].Descriptor(0), 0xDEAD_0000);
        bench.Deliver(ReceiveBench.Frame(), ReceiveBench.Frame(fill: 0x33));
        Assert.Equal(
            ("dma-outside-mapping", "buffer of receive queue 0", 0xDEAD_0000ul),
            (Only(bench).Rule, Only(bench).Register, Only(bench).Value));
        Assert.True(bench[0].IsDone(0));
        Assert.Equal(0x33, bench[0].Data(1)[^1]);
    }

    [Fact] // the model's IOMMU: the fetch fails once per tail write
    public void RingOutsideTheMapping()
    {
        using var bench = new ReceiveBench();
        bench.Bench.Write(IxgbeRegisters.RDBAH, 0x77);
        bench.Bench.Write(IxgbeRegisters.RDLEN, 2048);
        bench.Bench.Write(IxgbeRegisters.SRRCTL, OneBuffer | 2);
        bench.Bench.Write(IxgbeRegisters.RXDCTL, Enable);
        bench.Bench.Write(IxgbeRegisters.RDT, 127);
        bench.EnableReceive();
        bench.Deliver(ReceiveBench.Frame(), ReceiveBench.Frame());
        Assert.Equal(("dma-outside-mapping", "receive ring 0"), (Only(bench).Rule, Only(bench).Register));
    }

    [Fact] // 4.6.7: RXEN must be set while the receive path is halted, which may be at any later time
    public void ReceiveEnabledWithoutAHalt()
    {
        using var bench = new ReceiveBench();
        bench.Start(0);
        bench.Bench.Write(IxgbeRegisters.RXCTRL, IxgbeRegisters.RXCTRL_.Enable);
        Assert.Equal(
            ("receive-enabled-without-halt", "RXCTRL", 1ul),
            (Only(bench).Rule, Only(bench).Register, Only(bench).Value));
        bench.Bench.Write(IxgbeRegisters.RXCTRL, 0);
        bench.EnableReceive();
        Assert.Single(bench.Violations);
    }

    [Fact] // 4.6.7: software has to wait for SECRXSTAT
    public void ReceiveEnabledBeforeTheHaltIsOver()
    {
        using var bench = new ReceiveBench();
        bench.Start(0);
        bench.Bench.Write(IxgbeRegisters.SECRXCTRL, 3);
        bench.Bench.Write(IxgbeRegisters.RXCTRL, IxgbeRegisters.RXCTRL_.Enable);
        Assert.Equal(("receive-enabled-without-halt", "4.6.7"), (Only(bench).Rule, Only(bench).Section));
    }

    // A workaround for the 82599 that Intel's drivers omit on its successors, as they omit DCA on the X550.
    [Theory]
    [InlineData(0x10FB, "receive-enabled-without-halt dca-bit-12")]
    [InlineData(0x1528, "dca-bit-12")]
    [InlineData(0x1563, "")]
    public void RulesOfThe82599AreNotThoseOfItsSuccessors(int deviceId, string rules)
    {
        using var bench = new ReceiveBench(new() { DeviceId = (ushort)deviceId, LinkUpDelay = 0 });
        bench.Start(0);
        bench.Bench.Write(IxgbeRegisters.DCA_RXCTRL, 0xB200);
        bench.Bench.Write(IxgbeRegisters.RXCTRL, IxgbeRegisters.RXCTRL_.Enable);
        bench.Deliver(ReceiveBench.Frame());
        Assert.Equal(rules.Split(' ', StringSplitOptions.RemoveEmptyEntries), bench.Rules);
    }

    // 8.2.3.8.9; X540 and X550 have 384 KiB (IXGBE_X540_RX_PB_SIZE of Intel's drivers)
    [Theory]
    [InlineData(0x10FB, 512)]
    [InlineData(0x1528, 384)]
    [InlineData(0x1563, 384)]
    public void PacketBuffersAreNoLargerThanTheCards(int deviceId, int size)
    {
        using var bench = new ReceiveBench(new() { DeviceId = (ushort)deviceId, LinkUpDelay = 0 });
        Assert.Equal(((uint)size << 10, 0u), (bench.Bench.Read(0x3C00), bench.Bench.Read(0x3C04)));
        bench.Start(0);
        bench.EnableReceive();
        bench.Bench.Write(IxgbeRegisters.RXCTRL, 0);
        Assert.Empty(bench.Violations);
        bench.Bench.Write(0x3C04, 1 << 10);
        bench.EnableReceive();
        Assert.Equal(("receive-buffer-size", (ulong)(size + 1) << 10), (Only(bench).Rule, Only(bench).Value));
        bench.Bench.Write(IxgbeRegisters.RXCTRL, 0);
        bench.Bench.Write(0x3C00, (uint)(size - 1) << 10);
        bench.Bench.Write(0x3260, (uint)(size - 100) << 10);
        bench.EnableReceive();
        Assert.Single(bench.Violations);
    }

    [Fact] // 4.6.7: queues are enabled before RXEN; others may follow (4.6.7.1)
    public void ReceiveEnabledBeforeAnyQueue()
    {
        using var bench = new ReceiveBench();
        bench.EnableReceive();
        Assert.Equal(("receive-enabled-before-queues", "RXCTRL"), (Only(bench).Rule, Only(bench).Register));
        bench.Start(0);
        bench.Bench.Write(IxgbeRegisters.RXCTRL, 0);
        bench.EnableReceive();
        bench.Start(1);
        Assert.Single(bench.Violations);
    }

    [Fact] // 4.6.7, last step: noticed with the first frame, and reported once
    public void NoSnoopIsNotDisabled()
    {
        using var bench = ReceiveBench.Receiving();
        bench.Bench.Write(
            IxgbeRegisters.CTRL_EXT,
            bench.Bench.Read(IxgbeRegisters.CTRL_EXT) & ~IxgbeRegisters.CTRL_EXT_.NoSnoopDisable);
        Assert.Empty(bench.Violations);
        bench.Deliver(ReceiveBench.Frame(), ReceiveBench.Frame());
        Assert.Equal(("no-snoop", "CTRL_EXT", "4.6.7"), (Only(bench).Rule, Only(bench).Register, Only(bench).Section));
    }
}
