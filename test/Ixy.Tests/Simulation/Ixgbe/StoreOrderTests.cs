using Ixy.Simulation.Ixgbe;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Tests.Simulation.Ixgbe;

/// <summary>Stores to mapped pages come before the accesses by call that software makes after them (PCI Express Base 2.0, 2.4.1).</summary>
public sealed unsafe class StoreOrderTests
{
    // As Linux takes traffic classes away: the last queue's TXDCTL lies in a page that software has mapped, DMATXCTL does not.
    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(127)]
    public void AQueueThatIsDisabledByAStoreIsDisabledBeforeTransmission(int queue)
    {
        using var bench = new TransmitBench();
        bench.WriteStopped(MTQC, 0b1101); // eight classes, so that all queues exist
        bench.AddQueue(queue);
        Store(bench.Card, TXDCTL[queue], 0);
        bench.Write(DMATXCTL, bench.Read(DMATXCTL) & ~1u);
        Assert.Empty(bench.Broken);
    }

    [Fact]
    public void AQueueThatIsStillOnIsStillToBeBlamedFor()
    {
        using var bench = new TransmitBench();
        bench.AddQueue(1);
        bench.Write(DMATXCTL, bench.Read(DMATXCTL) & ~1u);
        Assert.Equal(["transmit-disabled-before-queues"], bench.Broken);
    }

    // The reset that follows finds no queue at work.
    [Theory]
    [InlineData(0)]
    [InlineData(127)]
    public void AReceiveQueueThatIsDisabledByAStoreIsDisabledBeforeTheReset(int queue)
    {
        using var bench = new ReceiveBench();
        bench.Start(queue);
        Store(bench.Card, RXDCTL[queue], 0);
        bench.Bench.Write(CTRL, 1u << 26);
        Assert.Empty(bench.Rules);
    }

    private static void Store(IxgbeCard card, uint offset, uint value)
    {
        var register = (uint*)card.TryGetShared(0, offset);
        Assert.True(register is not null, $"0x{offset:x} is in no mapped page");
        Volatile.Write(ref *register, value);
    }
}
