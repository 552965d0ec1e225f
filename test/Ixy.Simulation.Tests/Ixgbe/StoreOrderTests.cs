using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>
/// Doorbells are the only registers that software stores to without a call, and they ring before any access by call
/// that software makes after them (PCI Express Base 2.0, 2.4.1).
/// </summary>
public sealed unsafe class StoreOrderTests
{
    // The card gets no turn between the two.
    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(127)]
    public void AQueueThatIsDisabledAfterItsDoorbellRangIsNotEmpty(int queue)
    {
        using var bench = new TransmitBench();
        bench.WriteStopped(MTQC, 0b1101); // eight classes, so that all queues exist
        bench.AddQueue(queue).PutFrame(TransmitFrames.Make(64));
        Ring(bench, queue, 1);
        bench.Write(TXDCTL, 0, queue);
        Assert.Equal(["queue-disabled-before-empty"], bench.Broken);
    }

    [Fact]
    public void ADoorbellRingsBeforeAnAccessToConfigurationSpace()
    {
        using var bench = new TransmitBench();
        var ring = bench.AddQueue(3);
        Ring(bench, 3, (uint)ring.Size);
        bench.Card.ReadConfig(0, 2);
        Assert.Equal(["tail-beyond-ring"], bench.Broken);
        Ring(bench, 3, (uint)ring.Size + 1);
        bench.Card.WriteConfig(0x3C, 0, 1);
        Assert.Equal(2, bench.Broken.Length);
    }

    [Fact]
    public void AQueueThatIsStillOnIsStillToBeBlamedFor()
    {
        using var bench = new TransmitBench();
        bench.AddQueue(1);
        bench.Write(DMATXCTL, bench.Read(DMATXCTL) & ~1u);
        Assert.Equal(["transmit-disabled-before-queues"], bench.Broken);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(64)]
    public void OnlyTailsAreStoredWithoutACall(int queue)
    {
        using var bench = new CardBench();
        foreach (var register in new[] { RXDCTL, TXDCTL, RDBAL, SRRCTL, RDH, TDH, RDLEN, TDLEN, DCA_RXCTRL })
            Assert.True(bench.Card.TryGetShared(0, register[queue]) is null, register.Name);
        foreach (var register in new[] { RDT, TDT })
            Assert.True(bench.Card.TryGetShared(0, register[queue]) is not null, register.Name);
    }

    private static void Ring(TransmitBench bench, int queue, uint tail) =>
        Volatile.Write(ref *(uint*)bench.Card.TryGetShared(0, TDT[queue]), tail);
}
