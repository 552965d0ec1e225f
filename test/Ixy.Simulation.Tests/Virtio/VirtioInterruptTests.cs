using Ixy.Hosting.Interrupts;

namespace Ixy.Simulation.Tests.Virtio;

/// <summary>MSI-X and INTx (virtio 1.2, 4.1.5.1.2, 4.1.5.3, 4.1.5.4).</summary>
public sealed class VirtioInterruptTests
{
    private const int Msix = 0x98;

    [Fact]
    public void TheLineFollowsTheIsrStatus()
    {
        using var bench = VirtioBench.Running();
        var host = new Host(bench);
        bench.Send(VirtioBench.Frame());
        Assert.Equal([true], host.Line);
        Assert.Equal(8u, bench.Card.ReadConfig(6, 2) & 8);
        Assert.Equal(1u, bench.Read(VirtioBench.Isr, 1));
        Assert.Equal([true, false], host.Line);
        Assert.Equal(0u, bench.Read(VirtioBench.Isr, 1));
        Assert.Empty(host.Messages);
    }

    [Fact]
    public void ADisabledLineStaysLow()
    {
        using var bench = VirtioBench.Running();
        var host = new Host(bench);
        bench.Card.WriteConfig(4, 0x406, 2);
        bench.Send(VirtioBench.Frame());
        Assert.Empty(host.Line);
        bench.Card.WriteConfig(4, 0x006, 2);
        Assert.Equal([true], host.Line);
    }

    [Fact]
    public void QueuesAndConfigurationHaveVectors()
    {
        using var bench = WithVectors();
        var host = new Host(bench);
        bench.Send(VirtioBench.Frame());
        Assert.Equal([2], host.Messages);
        bench.Receive.AddWritable(1);
        bench.Receive.Notify();
        bench.Deliver(VirtioBench.Frame());
        Assert.Equal([2, 1], host.Messages);
        bench.TestWire.Signal = false;
        bench.Run();
        Assert.Equal([2, 1, 0], host.Messages);
        Assert.Empty(host.Line);
        Assert.Equal(0u, bench.Read(VirtioBench.Isr, 1));
    }

    [Fact]
    public void WithoutAVectorThereIsNoMessage()
    {
        using var bench = WithVectors(transmit: 0xFFFF);
        var host = new Host(bench);
        bench.Send(VirtioBench.Frame());
        Assert.NotNull(bench.Transmit.TakeUsed());
        Assert.Empty(host.Messages);
        Assert.Empty(host.Line);
    }

    [Fact]
    public void AMaskedMessageWaits()
    {
        using var bench = WithVectors();
        var host = new Host(bench);
        bench.Card.WriteBar(1, 2 * 16 + 12, 1);
        bench.Send(VirtioBench.Frame());
        Assert.Empty(host.Messages);
        Assert.Equal(1u << 2, bench.Card.ReadBar(1, 0x800));
        bench.Card.WriteBar(1, 2 * 16 + 12, 0);
        Assert.Equal([2], host.Messages);
        Assert.Equal(0u, bench.Card.ReadBar(1, 0x800));
    }

    [Fact]
    public void AResetTakesWaitingMessagesBack()
    {
        using var bench = WithVectors();
        var host = new Host(bench);
        bench.Card.WriteBar(1, 2 * 16 + 12, 1);
        bench.Send(VirtioBench.Frame());
        bench.Status = 0;
        bench.Card.WriteBar(1, 2 * 16 + 12, 0);
        Assert.Equal(0u, bench.Card.ReadBar(1, 0x800));
        Assert.Empty(host.Messages);
    }

    [Fact]
    public void ABatchIsOneInterrupt()
    {
        using var bench = WithVectors();
        var host = new Host(bench);
        bench.Receive.AddWritable(20);
        bench.Receive.Notify();
        for (int i = 0; i < 20; i++) bench.TestWire.Deliver(VirtioBench.Frame());
        bench.Run(1_000);
        Assert.Equal([1], host.Messages);
    }

    [Fact]
    public void ABrokenDeviceTellsByTheConfigurationVector()
    {
        using var bench = WithVectors();
        var host = new Host(bench);
        bench.Transmit.Add(new Piece(0x9_0000_0000, 72, false));
        bench.Transmit.Notify();
        bench.Run();
        Assert.Equal([0], host.Messages);
    }

    [Fact]
    public void TheTableIsReadAndWrittenByDoublewords()
    {
        using var bench = new VirtioBench();
        bench.Card.WriteBar(1, 4, 0x12345678);
        Assert.Equal(0x12345678u, bench.Card.ReadBar(1, 4));
        bench.Card.WriteBar(1, 4, 0, 2);
        Assert.Equal(0x12345678u, bench.Card.ReadBar(1, 4));
        Assert.Equal(["access-width"], bench.Rules);
    }

    [Fact]
    public void ABarThatIsNotDecodedDoesNotAnswer()
    {
        using var bench = new VirtioBench();
        bench.Card.WriteConfig(4, 4, 2);
        Assert.Equal(0xFFu, bench.Read(0x14, 1));
        Assert.Equal(["bar-unreachable"], bench.Rules);
    }

    [Fact]
    public void AFunctionThatSleepsDoesNotAnswer()
    {
        using var bench = new VirtioBench();
        bench.Card.WriteConfig(0x44, 3, 2);
        Assert.Equal(0xFFu, bench.Read(0x14, 1));
        Assert.Equal(["bar-unreachable"], bench.Rules);
        bench.Card.WriteConfig(0x44, 0, 2);
        Assert.Equal(0u, bench.Status);
    }

    [Fact]
    public void AFunctionThatSleepsMovesNothing()
    {
        using var bench = VirtioBench.Running();
        bench.Card.WriteConfig(0x44, 3, 2);
        bench.Transmit.Add(new Piece(bench.Place(new byte[72]), 72, false));
        bench.Transmit.Notify();
        bench.Run();
        Assert.Empty(bench.TestWire.FromCard);
        bench.Card.WriteConfig(0x44, 0, 2);
        bench.Run();
        Assert.Single(bench.TestWire.FromCard);
        Assert.Empty(bench.Rules);
    }

    // MSI-X enabled, nothing masked, vector 0 for the configuration, 1 and 2 for the queues.
    private static VirtioBench WithVectors(uint transmit = 2)
    {
        var bench = VirtioBench.Negotiated();
        bench.Card.WriteConfig(Msix + 2, 0x8000, 2);
        for (uint vector = 0; vector < 4; vector++) bench.Card.WriteBar(1, vector * 16 + 12, 0);
        bench.Write(0x10, 0, 2);
        bench.AddQueue(0, vector: 1);
        bench.AddQueue(1, vector: transmit);
        bench.DriverOk();
        return bench;
    }

    private sealed class Host : IInterruptTarget
    {
        internal Host(VirtioBench bench) => bench.Card.InterruptTarget = this;

        internal List<int> Messages { get; } = [];

        internal List<bool> Line { get; } = [];

        void IInterruptTarget.Message(int vector) => Messages.Add(vector);

        void IInterruptTarget.Line(bool asserted) => Line.Add(asserted);
    }
}
