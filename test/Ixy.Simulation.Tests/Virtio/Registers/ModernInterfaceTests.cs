using Ixy.Simulation.Virtio;
using Ixy.Virtio;

namespace Ixy.Simulation.Tests.Virtio.Registers;

/// <summary>
/// The modern PCI interface: capabilities, the common configuration, status and features (virtio 1.2, 2.1, 3.1, 4.1).
/// </summary>
public sealed class ModernInterfaceTests
{
    [Fact]
    public void TheFunctionIsAModernNetworkDevice()
    {
        using var bench = new VirtioBench();
        var card = bench.Card;
        Assert.Equal((0x1041_1AF4u, 0x0200_0001u), (card.ReadConfig(0, 4), card.ReadConfig(8, 4)));
        Assert.Equal(0x1100_1AF4u, card.ReadConfig(0x2C, 4));
        Assert.Equal([0, 0x1000, 0, 0, 0x4000, 0], Enumerable.Range(0, 6).Select(card.BarLength).ToArray());
        Assert.Equal(0u, card.ReadConfig(0x14, 4) & 0xF); // BAR 1: 32 bits, memory
        Assert.Equal(0xCu, card.ReadConfig(0x20, 4) & 0xF); // BAR 4: 64 bits, prefetchable
    }

    [Fact]
    public void CapabilitiesLeadToTheStructures()
    {
        using var bench = new VirtioBench(new() { QueuePairs = 2 });
        var card = bench.Card;
        var structures = new Dictionary<uint, (uint Bar, uint Offset, uint Length)>();
        var ids = new List<uint>();
        for (int place = (int)card.ReadConfig(0x34, 1); place != 0; place = (int)card.ReadConfig(place + 1, 1))
        {
            ids.Add(card.ReadConfig(place, 1));
            if (ids[^1] != 9) continue;
            uint type = card.ReadConfig(place + 3, 1);
            structures[type] = (
                card.ReadConfig(place + 4, 1), card.ReadConfig(place + 8, 4), card.ReadConfig(place + 12, 4));
            Assert.Equal(type is 2 or 5 ? 20u : 16u, card.ReadConfig(place + 2, 1));
            if (type == 2) Assert.Equal(4u, card.ReadConfig(place + 16, 4)); // notify_off_multiplier
        }
        Assert.Equal([0x01, 0x09, 0x09, 0x09, 0x09, 0x09, 0x10, 0x11], ids.Order().ToArray());
        Assert.Equal((4u, 0x0000u, 0x38u), structures[1]);
        Assert.Equal((4u, 0x3000u, 20u), structures[2]);
        Assert.Equal((4u, 0x1000u, 1u), structures[3]);
        Assert.Equal((4u, 0x2000u, 20u), structures[4]);
        Assert.Equal((0u, 0u, 0u), structures[5]);
    }

    [Fact]
    public void TheConfigurationWindowReachesTheBars()
    {
        using var bench = new VirtioBench();
        var card = bench.Card;
        const int window = 0xA4;
        card.WriteConfig(window + 4, 4, 1);
        card.WriteConfig(window + 8, 0x14, 4); // device_status
        card.WriteConfig(window + 12, 1, 4);
        card.WriteConfig(window + 16, 1, 1);
        Assert.Equal(1u, bench.Status);
        Assert.Equal(1u, card.ReadConfig(window + 16, 1));
        Assert.Empty(bench.Rules);
        card.WriteConfig(window + 12, 3, 4);
        card.ReadConfig(window + 16, 1);
        Assert.Equal(["configuration-window"], bench.Rules);
    }

    [Fact]
    public void ReadingAllOfConfigurationSpaceIsNoAccessThroughTheWindow()
    {
        using var bench = new VirtioBench();
        for (int offset = 0; offset < 4096; offset += 4) bench.Card.ReadConfig(offset, 4);
        Assert.Empty(bench.Rules);
    }

    [Fact]
    public void TheDeviceOffersWhatItsOptionsSay()
    {
        // Those of QEMU's defaults that the model has.
        const ulong usual = 3ul | 1ul << 5 | 1ul << 15 | 1ul << 16 | 0xFul << 17 | 1ul << 23 | 3ul << 28 | 3ul << 32
            | 1ul << 63;
        Assert.Equal(usual, Offered(new()));
        Assert.Equal(usual | 1ul << 3, Offered(new() { Mtu = 9000 }));
        Assert.Equal(usual | 1ul << 22, Offered(new() { QueuePairs = 2 }));
        Assert.Equal(usual | 1ul << 34, Offered(new() { IsPacked = true }));
        // Without the control queue, everything that needs it is gone, too.
        Assert.Equal(usual & ~(0xFul << 17 | 1ul << 23), Offered(new() { Withheld = (VirtioFeatures)(1ul << 17) }));

        static ulong Offered(VirtioCardOptions options)
        {
            using var bench = new VirtioBench(options);
            return bench.Offered;
        }
    }

    [Fact]
    public void TheConfigurationTellsAddressLinkPairsMtuAndSpeed()
    {
        using var bench = new VirtioBench(new() { QueuePairs = 3, Mtu = 9000 });
        Assert.Equal(
            VirtioBench.Mac, Enumerable.Range(0, 6).Select(i => (byte)bench.Read(VirtioBench.Config + (uint)i, 1))
            .ToArray());
        Assert.Equal(1u, bench.Read(VirtioBench.Config + 6, 2));
        Assert.Equal((3u, 9000u), (bench.Read(VirtioBench.Config + 8, 2), bench.Read(VirtioBench.Config + 10, 2)));
        Assert.Equal((10_000u, 0u), (bench.Read(VirtioBench.Config + 12, 4), bench.Read(VirtioBench.Config + 16, 1)));
        Assert.Equal(7u, bench.Read(0x12, 2)); // num_queues
        Assert.Empty(bench.Rules);
    }

    [Fact]
    public void ResetForgetsEverythingButPciConfiguration()
    {
        using var bench = VirtioBench.Running();
        bench.Status = 0;
        Assert.Equal((0u, 0u, 256u), (bench.Status, bench.Read(0x1C, 2), bench.Read(0x18, 2)));
        Assert.Equal((0u, 0xFFFFu), (bench.Read(0x20, 4), bench.Read(0x10, 2)));
        Assert.Equal(6u, bench.Card.ReadConfig(4, 2));
        bench.Deliver(VirtioBench.Frame());
        Assert.Empty(bench.Rules);
    }

    [Fact]
    public void AFunctionLevelResetForgetsPciConfigurationToo()
    {
        using var bench = VirtioBench.Running();
        bench.Card.WriteConfig(0xC8, 0x8000, 2);
        Assert.Equal(0u, bench.Card.ReadConfig(4, 2));
        bench.Card.WriteConfig(4, 6, 2);
        Assert.Equal(0u, bench.Status);
    }

    [Fact]
    public void AQueueHasARoundSizeUnlessItIsPacked()
    {
        using var split = VirtioBench.Negotiated(
            new() { IsPacked = true, QueueSize = 300 }, without: VirtioBench.Packed);
        Assert.Equal(256u, split.Read(0x18, 2));
        using var packed = VirtioBench.Negotiated(new() { IsPacked = true, QueueSize = 300 });
        Assert.Equal(300u, packed.Read(0x18, 2));
        packed.Write(0x18, 77, 2);
        Assert.Equal(77u, packed.Read(0x18, 2));
        Assert.Empty(packed.Rules);
    }

    [Fact]
    public void AQueueThatIsNotThereHasSizeZero()
    {
        using var bench = VirtioBench.Negotiated();
        bench.Write(0x16, 3, 2);
        Assert.Equal(0u, bench.Read(0x18, 2));
        Assert.Empty(bench.Rules);
        bench.Write(0x18, 16, 2);
        Assert.Equal(["queue-missing"], bench.Rules);
    }

    [Fact]
    public void TheDriverIsToldOfALostLink()
    {
        using var bench = VirtioBench.Running();
        uint generation = bench.Read(0x15, 1);
        bench.TestWire.Signal = false;
        bench.Run();
        Assert.Equal(0u, bench.Read(VirtioBench.Config + 6, 2));
        Assert.NotEqual(generation, bench.Read(0x15, 1));
        Assert.Equal(2u, bench.Read(VirtioBench.Isr, 1));
        Assert.Equal(0u, bench.Read(VirtioBench.Isr, 1));
        bench.Send(VirtioBench.Frame());
        Assert.Equal(0, bench.Transmit.TakeUsed()?.Written); // used, but the frame is lost
        Assert.Empty(bench.TestWire.FromCard);
    }

    [Theory]
    [InlineData(0x00u, 2)]
    [InlineData(0x12u, 4)]
    [InlineData(0x12u, 1)]
    [InlineData(0x14u, 2)]
    [InlineData(0x1Cu, 4)]
    [InlineData(0x22u, 2)]
    [InlineData(VirtioBench.Isr, 4)]
    [InlineData(VirtioBench.Config, 4)]
    [InlineData(VirtioBench.Config + 7, 1)]
    [InlineData(VirtioBench.Config + 12, 2)]
    public void AnotherWidthThanTheFieldsIsReported(uint offset, int size)
    {
        using var bench = new VirtioBench();
        bench.Read(offset, size);
        Assert.Equal(["access-width"], bench.Rules);
    }

    [Fact]
    public void ANarrowReadGivesThePart()
    {
        using var bench = new VirtioBench();
        Assert.Equal(2u, bench.Read(VirtioBench.Config, 2) & 0xFF);
        bench.Write(0x16, 2, 2);
        Assert.Equal(0x0100_0002u, bench.Read(0x16, 4)); // queue_select and queue_size
        bench.Write(0x16, 0, 1); // does nothing
        Assert.Equal(2u, bench.Read(0x16, 2));
    }

    [Theory]
    [InlineData(0x04u, 4)]
    [InlineData(0x12u, 2)]
    [InlineData(0x15u, 1)]
    [InlineData(0x1Eu, 2)]
    [InlineData(VirtioBench.Isr, 1)]
    [InlineData(VirtioBench.Config, 1)]
    public void WritesOfTheDevicesFieldsAreReported(uint offset, int size)
    {
        using var bench = VirtioBench.Negotiated();
        bench.Write(offset, 1, size);
        Assert.Equal(["read-only"], bench.Rules);
    }

    [Theory]
    [InlineData(0x100u)]
    [InlineData(VirtioBench.Isr + 1)]
    [InlineData(VirtioBench.Doorbells)]
    public void OffsetsWithoutAFieldAreReported(uint offset)
    {
        using var bench = new VirtioBench();
        Assert.Equal(0u, bench.Read(offset, 1));
        Assert.Equal(["no-field"], bench.Rules);
    }
}
