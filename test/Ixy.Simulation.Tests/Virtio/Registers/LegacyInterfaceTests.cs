namespace Ixy.Simulation.Tests.Virtio.Registers;

/// <summary>The legacy interface: registers in I/O space, as in version 0.9.5 (virtio 1.2, 4.1.4.10).</summary>
public sealed class LegacyInterfaceTests
{
    private const uint Features = 0x00, GuestFeatures = 0x04, Address = 0x08, Size = 0x0C, Select = 0x0E, Isr = 0x13,
        Vectors = 0x14;

    [Fact]
    public void TheFunctionIsATransitionalNetworkDevice()
    {
        using var bench = Legacy();
        var card = bench.Card;
        Assert.Equal((0x1000_1AF4u, 0x0200_0000u), (card.ReadConfig(0, 4), card.ReadConfig(8, 4)));
        Assert.Equal(0x0001_1AF4u, card.ReadConfig(0x2C, 4));
        Assert.Equal((64u, 0x1000u, 0u), (card.BarLength(0), card.BarLength(1), card.BarLength(4)));
        Assert.Equal(1u, card.ReadConfig(0x10, 4) & 3); // I/O space
        Assert.Equal(0x11u, card.ReadConfig((int)card.ReadConfig(0x34, 1), 1)); // MSI-X, and nothing else
        Assert.Equal(0u, card.ReadConfig((int)card.ReadConfig(0x34, 1) + 1, 1));
    }

    // In version 0.9.5 a reset takes no time: it is over when the status has been written.
    [Theory]
    [InlineData(true, 0u)]
    [InlineData(false, 0xFu)]
    public void AResetTakesNoTime(bool isLegacy, uint status)
    {
        using var bench = VirtioBench.Running(new() { IsLegacy = isLegacy, ResetDuration = 1_000_000 });
        bench.Status = 0;
        Assert.Equal((status, status != 0), (bench.Status, bench.Card.Control.IsResetting));
        bench.Run(2_000_000);
        Assert.Equal(0u, bench.Status);
    }

    [Fact]
    public void ThereAre32FeatureBits()
    {
        using var bench = Legacy();
        Assert.Equal(3u | 1u << 5 | 1u << 15 | 1u << 16 | 0xFu << 17 | 1u << 23 | 7u << 27, bench.Read(Features, 4));
    }

    [Fact]
    public void AFeatureThatIsNotOfferedIsNotTaken()
    {
        using var bench = Legacy();
        bench.Write(GuestFeatures, 1u << 5 | 1u << 6, 4); // GSO
        Assert.Equal((1u << 5, "feature-not-offered"), (bench.Read(GuestFeatures, 4), bench.Rules.Single()));
    }

    [Fact]
    public void FeaturesAreChosenBeforeDriverOk()
    {
        using var bench = VirtioBench.Running(new() { IsLegacy = true });
        bench.Write(GuestFeatures, 0, 4);
        Assert.Equal(["features-too-late"], bench.Rules);
    }

    [Fact]
    public void ThereIsNoFeaturesOk()
    {
        using var bench = Legacy();
        bench.Status = 1;
        bench.Status = 3;
        bench.Status = 0xB;
        Assert.Equal((3u, "status-unknown"), (bench.Status, bench.Rules.Single()));
    }

    [Fact]
    public void AddressesArePageNumbersAndZeroStopsAQueue()
    {
        using var bench = Legacy();
        bench.Negotiate(ulong.MaxValue);
        var queue = bench.AddQueue(1);
        Assert.Equal((uint)(queue.Descriptors / 4096), bench.Read(Address, 4));
        bench.Write(Address, 99, 4);
        Assert.Equal(["queue-while-enabled"], bench.Rules);
        bench.Write(Address, 0, 4);
        Assert.Equal(0u, bench.Read(Address, 4));
        bench.AddQueue(1); // at another address
        bench.DriverOk();
        bench.Transmit.Notify();
        bench.Send(VirtioBench.Frame());
        Assert.Single(bench.TestWire.FromCard);
    }

    [Fact]
    public void AQueueThatIsNotThereHasSizeZero()
    {
        using var bench = Legacy();
        bench.Write(Select, 3, 2);
        Assert.Equal((0u, 0u), (bench.Read(Size, 2), bench.Read(Address, 4)));
        bench.Write(0x10, 3, 2);
        bench.Write(Address, 3, 4);
        Assert.Equal(["queue-missing", "queue-missing"], bench.Rules);
    }

    [Fact]
    public void ADriverMayNotifyBeforeDriverOk()
    {
        using var bench = Legacy();
        bench.Negotiate(ulong.MaxValue);
        bench.AddQueue(1);
        bench.Send(VirtioBench.Frame());
        Assert.Empty(bench.TestWire.FromCard);
        bench.DriverOk();
        bench.Run();
        Assert.Single(bench.TestWire.FromCard);
        Assert.Empty(bench.Rules);
    }

    [Fact]
    public void VectorsMoveTheConfigurationWhileMsixIsOn()
    {
        using var bench = Legacy();
        Assert.Equal(2u, bench.Read(Vectors, 1)); // the first byte of the MAC address
        int msix = (int)bench.Card.ReadConfig(0x34, 1);
        bench.Card.WriteConfig(msix + 2, 0x8000, 2);
        Assert.Equal((0xFFFFu, 0xFFFFu, 2u), (bench.Read(0x14, 2), bench.Read(0x16, 2), bench.Read(0x18, 1)));
        bench.Write(0x14, 1, 2);
        bench.Write(0x16, 4, 2);
        Assert.Equal((1u, 0xFFFFu, "vector-missing"), (bench.Read(0x14, 2), bench.Read(0x16, 2), bench.Rules.Single()));
    }

    [Fact]
    public void TheConfigurationIsReadInAnyWidth()
    {
        using var bench = Legacy();
        Assert.Equal(0x1000_0002u, bench.Read(Vectors, 4));
        Assert.Equal((1u, 0u), (bench.Read(Vectors + 6, 1), bench.Read(Vectors + 7, 1)));
        Assert.Empty(bench.Rules);
    }

    [Theory]
    [InlineData(Features, 2, "access-width")]
    [InlineData(Select, 1, "access-width")]
    [InlineData(Isr, 1, "")]
    public void RegistersHaveTheirWidth(uint offset, int size, string rule)
    {
        using var bench = Legacy();
        bench.Read(offset, size);
        Assert.Equal(rule, string.Join(' ', bench.Rules));
    }

    [Theory]
    [InlineData(Features, 4)]
    [InlineData(Size, 2)]
    [InlineData(Isr, 1)]
    [InlineData(Vectors + 6, 2)]
    public void WritesOfTheDevicesFieldsAreReported(uint offset, int size)
    {
        using var bench = Legacy();
        bench.Write(offset, 1, size);
        Assert.Equal(["read-only"], bench.Rules);
    }

    [Fact]
    public void WithoutAnyLayoutTheHeaderHasADescriptor()
    {
        using var bench = VirtioBench.Running(
            new() { IsLegacy = true }, without: 1ul << 27 | VirtioBench.MergeableBuffers);
        byte[] frame = VirtioBench.Frame();
        bench.Transmit.Add(new Piece(bench.Place(new byte[10]), 10, false), new Piece(bench.Place(frame), 60, false));
        bench.Receive.Add(new Piece(bench.Allocate(10), 10, true), new Piece(bench.Allocate(2048), 2048, true));
        bench.Transmit.Notify();
        bench.Receive.Notify();
        bench.Deliver(frame);
        Assert.Equal(frame, bench.TestWire.FromCard.Single());
        Assert.Equal(frame, bench.Receive.TakeFrame());
        Assert.Empty(bench.Rules);
        bench.Receive.AddWritable(1);
        bench.Deliver(frame);
        Assert.Equal(frame, bench.Receive.TakeFrame());
        bench.Send(frame);
        Assert.Equal(["header-layout", "header-layout"], bench.Rules);
    }

    private static VirtioBench Legacy() => new(new() { IsLegacy = true });

    // A legacy device has no FEATURES_OK, so no rule may mention it.
    [Fact]
    public void RulesSpeakOfWhatALegacyDeviceHas()
    {
        using var bench = Legacy();
        bench.Status = 2;
        bench.Status = 7;
        bench.Write(GuestFeatures, 0, 4);
        Assert.Equal(["status-order", "features-too-late"], bench.Rules);
        Assert.DoesNotContain(
            bench.Card.Violations.All, violation =>
            violation.Explanation.Contains("FEATURES_OK", StringComparison.Ordinal));
    }
}
