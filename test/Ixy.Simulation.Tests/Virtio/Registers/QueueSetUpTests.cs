namespace Ixy.Simulation.Tests.Virtio.Registers;

/// <summary>Rules for setting up queues and notifying them (virtio 1.2, 4.1.4.3.2, 4.1.5).</summary>
public sealed unsafe class QueueSetUpTests
{
    [Fact]
    public void QueuesAreSetUpAfterFeaturesOk()
    {
        using var bench = new VirtioBench();
        bench.Status = 1;
        bench.Status = 3;
        bench.Write(0x18, 128, 2);
        Assert.Equal(["queue-before-features"], bench.Rules);
    }

    // As Linux's driver does when it releases its queues, after the reset.
    [Fact]
    public void AQueueMayLoseItsVectorAtAnyTime()
    {
        using var bench = new VirtioBench();
        bench.Write(0x1A, 0xFFFF, 2);
        Assert.Empty(bench.Rules);
        bench.Write(0x1A, 0, 2);
        Assert.Equal(["queue-before-features"], bench.Rules);
    }

    [Fact]
    public void QueuesAreSetUpBeforeDriverOk()
    {
        using var bench = VirtioBench.Negotiated();
        bench.DriverOk();
        bench.AddQueue(0);
        Assert.Equal(["queue-after-driver-ok"], bench.Rules);
    }

    [Theory]
    [InlineData(0x18u, 64u, 2)]
    [InlineData(0x1Cu, 1u, 2)]
    [InlineData(0x20u, 0x1000u, 4)]
    [InlineData(0x2Cu, 1u, 4)]
    [InlineData(0x30u, 0x1000u, 4)]
    public void AnEnabledQueueStaysAsItIs(uint offset, uint value, int size)
    {
        using var bench = VirtioBench.Negotiated();
        bench.AddQueue(0);
        uint before = bench.Read(offset, size);
        bench.Write(offset, value, size);
        Assert.Equal((before, "queue-while-enabled"), (bench.Read(offset, size), bench.Rules.Single()));
    }

    [Fact]
    public void OnlyAResetStopsAQueue()
    {
        using var bench = VirtioBench.Negotiated();
        bench.AddQueue(0);
        bench.Write(0x1C, 0, 2);
        Assert.Equal((1u, "queue-enable-cleared"), (bench.Read(0x1C, 2), bench.Rules.Single()));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(100u)]
    [InlineData(512u)]
    public void ASizeThatCannotBeIsRefused(uint size)
    {
        using var bench = VirtioBench.Negotiated();
        bench.Write(0x18, size, 2);
        Assert.Equal((256u, "queue-size"), (bench.Read(0x18, 2), bench.Rules.Single()));
    }

    [Theory]
    [InlineData(0x20u, 8u, "ring-unaligned")]
    [InlineData(0x28u, 1u, "ring-unaligned")]
    [InlineData(0x30u, 2u, "ring-unaligned")]
    [InlineData(0x20u, 0u, "ring-not-set")]
    [InlineData(0x28u, 0u, "ring-not-set")]
    [InlineData(0x30u, 0u, "ring-not-set")]
    public void ARingIsAlignedAndThere(uint field, uint offset, string rule)
    {
        using var bench = VirtioBench.Negotiated();
        bench.Program(new SplitQueue(bench, 0, 256));
        bench.WriteAddress(field, offset == 0 ? 0 : CardBench.Iova + offset);
        bench.Write(0x1C, 1, 2);
        Assert.Equal((0u, rule), (bench.Read(0x1C, 2), bench.Rules.Single()));
    }

    [Fact]
    public void APackedRingsEventsAreAlignedToFour()
    {
        using var bench = VirtioBench.Negotiated(new() { IsPacked = true });
        bench.Program(new PackedQueue(bench, 0, 256));
        bench.WriteAddress(0x28, CardBench.Iova + 2);
        bench.Write(0x1C, 1, 2);
        Assert.Equal((0u, "ring-unaligned"), (bench.Read(0x1C, 2), bench.Rules.Single()));
    }

    [Theory]
    [InlineData(0x10u)]
    [InlineData(0x1Au)]
    public void AVectorThatIsNotThereReadsAsNone(uint field)
    {
        using var bench = VirtioBench.Negotiated();
        bench.Write(field, 3, 2);
        Assert.Equal(3u, bench.Read(field, 2));
        bench.Write(field, 0xFFFF, 2);
        Assert.Empty(bench.Rules);
        bench.Write(field, 4, 2); // 0 to 3: one for the configuration, three for queues
        Assert.Equal((0xFFFFu, "vector-missing"), (bench.Read(field, 2), bench.Rules.Single()));
    }

    [Fact]
    public void NobodyNotifiesBeforeDriverOk()
    {
        using var bench = VirtioBench.Negotiated();
        bench.AddQueue(1).Notify();
        bench.Run();
        Assert.Equal(["notify-before-driver-ok"], bench.Rules);
    }

    // The device gets no turn between the doorbell and DRIVER_OK: it sees both in the order in which software wrote
    // them.
    [Fact]
    public void ADoorbellRingsBeforeTheStatusThatFollowsIt()
    {
        using var bench = VirtioBench.Negotiated();
        bench.AddQueue(1).Notify();
        bench.DriverOk();
        Assert.Equal(["notify-before-driver-ok"], bench.Rules);
    }

    [Fact]
    public void ANotificationBeforeDriverOkIsNotForgotten()
    {
        using var bench = VirtioBench.Negotiated();
        var transmit = bench.AddQueue(1);
        transmit.Add(new Piece(bench.Place(new byte[72]), 72, false));
        transmit.Notify();
        bench.Run();
        bench.DriverOk();
        bench.Run();
        Assert.Single(bench.TestWire.FromCard);
    }

    [Fact]
    public void ADisabledQueueIsNotNotified()
    {
        using var bench = VirtioBench.Negotiated();
        bench.DriverOk();
        bench.Ring(1);
        bench.Run();
        Assert.Equal(["notify-of-disabled-queue"], bench.Rules);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 4)]
    public void ADoorbellTakesTheIndexOfItsQueue(int value, int size)
    {
        using var bench = VirtioBench.Running();
        void* doorbell = bench.Card.TryGetShared(VirtioBench.Bar, VirtioBench.Doorbells + 4);
        if (size == 2) *(ushort*)doorbell = (ushort)value;
        else *(uint*)doorbell = (uint)value;
        bench.Run();
        Assert.Equal(["notify-value"], bench.Rules);
    }

    [Theory]
    [InlineData(4u, 1u, 2, null)]
    [InlineData(4u, 1u, 4, "notify-value")]
    [InlineData(4u, 0u, 2, "notify-value")]
    [InlineData(12u, 3u, 2, "queue-missing")]
    public void ACallNotifiesAsAStoreDoes(uint offset, uint value, int size, string? rule)
    {
        using var bench = VirtioBench.Running();
        bench.Transmit.Add(new Piece(bench.Place(new byte[72]), 72, false));
        bench.Write(VirtioBench.Doorbells + offset, value, size);
        bench.Run();
        Assert.Equal(rule is null ? [] : new[] { rule }, bench.Rules);
        Assert.Equal(rule == "queue-missing" ? 0 : 1, bench.TestWire.FromCard.Count);
    }

    // Stopping the previous driver does not count for the next one: after the reset, it has to enable bus mastering
    // again.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ADriverThatForgetsBusMasteringAfterAnotherIsTold(bool legacy)
    {
        using var bench = VirtioBench.Running(new() { IsLegacy = legacy });
        bench.Card.WriteConfig(0x04, 0x0003, 2);
        bench.Run();
        Assert.Empty(bench.Rules); // the previous driver was stopped
        bench.Negotiate(~0ul);
        bench.AddQueue(1);
        bench.DriverOk();
        bench.Transmit.Add(new Piece(bench.Place(new byte[72]), 72, false));
        bench.Transmit.Notify();
        bench.Run();
        Assert.Contains("dma-without-bus-master", bench.Rules);
    }

    [Fact]
    public void OnlyDoorbellsAreShared()
    {
        using var bench = new VirtioBench();
        Assert.True(bench.Card.TryGetShared(VirtioBench.Bar, VirtioBench.Doorbells) is not null);
        Assert.True(bench.Card.TryGetShared(VirtioBench.Bar, VirtioBench.Doorbells - 4) is null);
        Assert.True(bench.Card.TryGetShared(0, VirtioBench.Doorbells) is null);
        using var legacy = new VirtioBench(new() { IsLegacy = true });
        Assert.True(legacy.Card.TryGetShared(0, 0x10) is null);
    }
}
