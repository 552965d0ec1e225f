using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Simulation.Tests.Ixgbe.PciSteps;

namespace Ixy.Simulation.Tests.Ixgbe.Interrupts;

/// <summary>
/// How interrupts leave the card: MSI-X table and pending bits, MSI, INTx (82599 datasheet 7.3.4, 9.3.7, 9.3.8).
/// </summary>
public sealed class MsixTests
{
    private const uint MultipleMsix = 1 << 4;

    // Several vectors; receive queue 0 uses vector 0 and receive queue 1 uses vector 40, both enabled in EIMS.
    private static (CardBench Bench, InterruptLog Log) Bench(params int[] unmasked)
    {
        var bench = QuietBench();
        bench.EnableMsix(unmasked);
        bench.Write(IxgbeFeatureRegisters.GPIE, MultipleMsix);
        bench.Write(IxgbeFeatureRegisters.IVAR, 0x80u | 0xA8u << 16);
        bench.Write(IxgbeFeatureRegisters.EIMS_EX, 1u, 0);
        bench.Write(IxgbeFeatureRegisters.EIMS_EX, 1u << 8, 1);
        return (bench, InterruptLog.Attach(bench));
    }

    [Fact] // 9.3.7
    public void TheMsiCapabilityHasOneMaskable64BitMessage()
    {
        using var bench = QuietBench();
        Assert.Equal(0x0180u, bench.Config(0x52, 2));
        bench.SetConfig(0x54, uint.MaxValue);
        bench.SetConfig(0x58, uint.MaxValue);
        bench.SetConfig(0x5C, uint.MaxValue);
        bench.SetConfig(0x60, uint.MaxValue);
        Assert.Equal(0xFFFF_FFFCu, bench.Config(0x54));
        Assert.Equal(0xFFFF_FFFFu, bench.Config(0x58));
        Assert.Equal(0x0000_FFFFu, bench.Config(0x5C));
        Assert.Equal(1u, bench.Config(0x60));
    }

    [Fact] // 9.3.8
    public void TheMsixCapabilityHas64VectorsInBar4()
    {
        using var bench = QuietBench();
        Assert.Equal(0x003Fu, bench.Config(0x72, 2));
        Assert.Equal(0x0000_0004u, bench.Config(0x74));
        Assert.Equal(0x0000_2004u, bench.Config(0x78));
        bench.SetConfig(0x72, 0xFFFF, 2);
        Assert.Equal(0xC03Fu, bench.Config(0x72, 2));
    }

    [Fact] // 8.2.3.6, PCI 6.8.2.6 to 6.8.2.9
    public void TheTableKeepsMessagesAndStartsMasked()
    {
        using var bench = QuietBench();
        for (uint vector = 0; vector < 64; vector++) Assert.Equal(1u, bench.Card.ReadBar(4, vector * 16 + 12));
        uint[] words = [0xFEE0_0003, 0x1, 0x4021, 0xFFFF_FFFE];
        for (uint word = 0; word < 4; word++) bench.Card.WriteBar(4, 63 * 16 + word * 4, words[word]);
        Assert.Equal(
            [0xFEE0_0000u, 0x1u, 0x4021u, 0u], Enumerable.Range(0, 4)
            .Select(word => bench.Card.ReadBar(4, 63 * 16 + (uint)word * 4)));
        bench.Card.WriteBar(4, 64 * 16, 1); // No such entry
        Assert.Equal(0u, bench.Card.ReadBar(4, 64 * 16));
        bench.Card.WriteBar(4, 0x2000, uint.MaxValue); // Pending bits are read-only
        Assert.Equal(0u, bench.Card.ReadBar(4, 0x2000));
    }

    [Theory] // 7.3.4.2
    [InlineData(0, 0)]
    [InlineData(1, 40)]
    public void AQueueInterruptsThroughItsVector(int queue, int vector)
    {
        var (bench, log) = Bench(0, 40);
        using (bench)
        {
            bench.Card.Interrupts.RaiseReceive(queue);
            Assert.Equal([vector], log.Messages);
            Assert.Equal(0, log.LineChanges);
        }
    }

    [Fact] // PCI 6.8.2.10: pending bits
    public void AMaskedVectorIsPendingAndIsSentWhenUnmasked()
    {
        var (bench, log) = Bench();
        using (bench)
        {
            bench.Card.Interrupts.RaiseReceive(1);
            Assert.Empty(log.Messages);
            Assert.True(bench.IsPending(40));
            bench.MaskVector(40, false);
            Assert.Equal([40], log.Messages);
            Assert.False(bench.IsPending(40));
        }
    }

    [Fact] // 9.3.8.1: function mask
    public void TheFunctionMaskHoldsAllVectorsBack()
    {
        var (bench, log) = Bench(0, 40);
        using (bench)
        {
            bench.SetConfig(0x72, 0xC000, 2);
            bench.Card.Interrupts.RaiseReceive(0);
            bench.Card.Interrupts.RaiseReceive(1);
            Assert.Empty(log.Messages);
            Assert.True(bench.IsPending(0) && bench.IsPending(40));
            bench.SetConfig(0x72, 0x8000, 2);
            Assert.Equal([0, 40], log.Messages);
        }
    }

    [Fact] // PCI 6.8.2.10: the cause of a pending message is gone
    public void APendingMessageIsWithdrawnWithItsCause()
    {
        var (bench, log) = Bench();
        using (bench)
        {
            bench.Card.Interrupts.RaiseReceive(0);
            Assert.True(bench.IsPending(0));
            bench.Write(0x00800, 1); // EICR
            Assert.False(bench.IsPending(0));
            bench.MaskVector(0, false);
            Assert.Empty(log.Messages);
        }
    }

    [Fact] // 8.2.3.6.5: PBACL
    public void PbaclShowsAndClearsPendingBits()
    {
        var (bench, _) = Bench();
        using (bench)
        {
            bench.Card.Interrupts.RaiseReceive(1);
            Assert.Equal(1u << 8, bench.Read(CardRegisters.PBACL, 1));
            Assert.Equal(0u, bench.Read(0x11068)); // Vectors 0 to 31, at the address that the 82598 used
            bench.Write(0x00AB4, 1u << 8); // EIMC(2)
            Assert.Equal(0u, bench.Read(CardRegisters.PBACL, 1));
        }
    }

    [Fact] // PCI 6.8: a message is a memory write
    public void MessagesWaitForBusMaster()
    {
        var (bench, log) = Bench(0);
        using (bench)
        {
            bench.SetConfig(0x04, 0x0002, 2);
            bench.Card.Interrupts.RaiseReceive(0);
            Assert.Empty(log.Messages);
            bench.SetConfig(0x04, 0x0006, 2);
            Assert.Equal([0], log.Messages);
        }
    }

    [Fact] // 7.3.4.2: a single vector
    public void WithoutMultipleMsixEverythingUsesVector0()
    {
        using var bench = QuietBench();
        bench.EnableMsix(0);
        var log = InterruptLog.Attach(bench);
        bench.Write(IxgbeFeatureRegisters.IVAR, 0x85u); // Receive queue 0: EICR bit 5
        bench.Write(CardRegisters.EIMS, 1u << 5 | 1u << 20);
        bench.Card.Interrupts.RaiseReceive(0);
        Assert.Equal([0], log.Messages);
        Assert.Equal(1u << 5, bench.Read(0x00800));
        bench.Card.Interrupts.RaiseCause(1u << 20);
        Assert.Equal([0, 0], log.Messages);
    }

    [Fact] // 7.3.4.1, 9.3.7
    public void MsiSendsOneMessageUntilTheCausesAreCleared()
    {
        using var bench = QuietBench();
        bench.SetConfig(0x52, 0x0001, 2);
        var log = InterruptLog.Attach(bench);
        bench.Write(IxgbeFeatureRegisters.IVAR, 0x80u);
        bench.Write(CardRegisters.EIMS, 1u);
        bench.Card.Interrupts.RaiseReceive(0);
        bench.Card.Interrupts.RaiseReceive(0);
        Assert.Equal([0], log.Messages);
        Assert.Equal(1u, bench.Read(0x00800));
        bench.Card.Interrupts.RaiseReceive(0);
        Assert.Equal([0, 0], log.Messages);
        Assert.Equal(0, log.LineChanges);
    }

    [Fact] // 9.3.7: mask and pending bits
    public void AMaskedMsiIsPending()
    {
        using var bench = QuietBench();
        bench.SetConfig(0x52, 0x0001, 2);
        bench.SetConfig(0x60, 1);
        var log = InterruptLog.Attach(bench);
        bench.Write(CardRegisters.EIMS, 1u << 20);
        bench.Card.Interrupts.RaiseCause(1u << 20);
        Assert.Empty(log.Messages);
        Assert.Equal(1u, bench.Config(0x64));
        bench.SetConfig(0x60, 0);
        Assert.Equal([0], log.Messages);
        Assert.Equal(0u, bench.Config(0x64));
    }

    [Fact] // PCI 6.8.2
    public void MsiAndMsixTogetherAreAViolation()
    {
        using var bench = QuietBench();
        bench.SetConfig(0x52, 0x0001, 2);
        bench.SetConfig(0x72, 0x8000, 2);
        AssertViolation(bench, "msi-and-msix");
    }

    [Fact] // 7.3.4.1; 9.3.3, 9.3.4: interrupt disable and status
    public void TheLineFollowsCausesAndMasks()
    {
        using var bench = QuietBench();
        var log = InterruptLog.Attach(bench);
        bench.Card.Interrupts.RaiseCause(1u << 20);
        Assert.False(log.IsLineAsserted);
        bench.Write(CardRegisters.EIMS, 1u << 20);
        Assert.True(log.IsLineAsserted);
        Assert.Equal(0x18u, bench.Config(0x06, 2));
        bench.Write(0x00888, 1u << 20); // EIMC
        Assert.False(log.IsLineAsserted);
        Assert.Equal(0x10u, bench.Config(0x06, 2));
        bench.Write(CardRegisters.EIMS, 1u << 20);
        Assert.Equal(1u << 20 | 1u << 31, bench.Read(0x00800));
        Assert.False(log.IsLineAsserted);
        Assert.Equal(4, log.LineChanges);
    }

    [Fact] // 9.3.3: interrupt disable; the status bit still shows it
    public void InterruptDisableHoldsTheLineBack()
    {
        using var bench = QuietBench();
        var log = InterruptLog.Attach(bench);
        bench.SetConfig(0x04, 0x0406, 2);
        bench.Write(CardRegisters.EIMS, 1u << 20);
        bench.Card.Interrupts.RaiseCause(1u << 20);
        Assert.False(log.IsLineAsserted);
        Assert.Equal(0x18u, bench.Config(0x06, 2));
        bench.SetConfig(0x04, 0x0006, 2);
        Assert.True(log.IsLineAsserted);
    }

    [Fact] // 9.3.8.1: with MSI-X the function must not use its line
    public void EnablingMsixReleasesTheLineAndSendsWhatIsActive()
    {
        using var bench = QuietBench();
        var log = InterruptLog.Attach(bench);
        bench.Write(CardRegisters.EIMS, 1u << 20);
        bench.Card.Interrupts.RaiseCause(1u << 20);
        Assert.True(log.IsLineAsserted);
        bench.EnableMsix(0);
        Assert.False(log.IsLineAsserted);
        Assert.Equal([0], log.Messages);
    }

    [Fact]
    public void AFunctionLevelResetReleasesTheLineAndMasksTheTable()
    {
        using var bench = QuietBench();
        var log = InterruptLog.Attach(bench);
        bench.MaskVector(3, false);
        bench.Write(CardRegisters.EIMS, 1u << 20);
        bench.Card.Interrupts.RaiseCause(1u << 20);
        bench.SetConfig(0xA8, 0x8000, 2);
        Assert.False(log.IsLineAsserted);
        bench.SetConfig(0x04, 0x0006, 2);
        Assert.Equal(1u, bench.Card.ReadBar(4, 3 * 16 + 12));
        Assert.Equal(0u, bench.Read(0x00800));
    }
}
