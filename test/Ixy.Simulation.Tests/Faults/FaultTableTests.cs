using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>The table of faults, and how specifiers and callers inject them.</summary>
public sealed class FaultTableTests
{
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void EachFaultHasANameASectionAndCards()
    {
        Assert.InRange(CardFault.All.Count, 16, 32);
        Assert.Equal(CardFault.All.Count, CardFault.All.Select(fault => fault.Name).Distinct().Count());
        Assert.All(CardFault.All, fault =>
        {
            Assert.Matches("^[a-z]+(-[a-z]+)*$", fault.Name);
            Assert.Matches(@"(82599|virtio 1\.2|PCI[\w ]*|vfio-user|POSIX) ?[\d.]*", fault.Section);
            Assert.NotEmpty(fault.Cards);
            Assert.Subset(new HashSet<string> { "ixgbe", "virtio", "virtio-legacy" }, fault.Cards.ToHashSet());
        });
    }

    [Fact]
    public void ASpecifierPlansFaultsByTime()
    {
        var world = new VirtualWorld(1);
        using var device = world.Open("sim:virtio,wire=loopback,fault=link-flap@5ms/20ms+needs-reset@50ms");
        AdvanceTo(5 * s_millisecond - TimeSpan.FromMicroseconds(2));
        Assert.True(device.Link.IsUp);
        AdvanceTo(5 * s_millisecond + TimeSpan.FromMicroseconds(2));
        Assert.False(device.Link.IsUp);
        AdvanceTo(24 * s_millisecond);
        Assert.False(device.Link.IsUp);
        AdvanceTo(26 * s_millisecond);
        Assert.True(device.Link.IsUp);
        AdvanceTo(49 * s_millisecond);
        device.CheckHealth();
        AdvanceTo(51 * s_millisecond);
        Assert.Throws<DeviceNeedsResetException>(device.CheckHealth);

        // Opening the device took some of the time.
        void AdvanceTo(TimeSpan time) => world.Advance(time - world.Elapsed);
    }

    [Theory]
    [InlineData("gone@3rx")]
    [InlineData("gone@3tx")]
    public void ASpecifierPlansFaultsByFrames(string fault)
    {
        var world = new VirtualWorld(1);
        using var device = world.Open($"sim:virtio,wire=loopback,fault={fault}");
        for (int i = 0; i < 3; i++)
        {
            device.CheckHealth();
            Assert.True(device.ReceiveQueues[0].Pool.TryAllocate(out var packet));
            packet.Length = 60;
            Assert.Equal(1, device.Transmit([packet]));
            world.Advance(s_millisecond);
        }
        Assert.Throws<DeviceGoneException>(device.CheckHealth);
    }

    [Theory]
    [InlineData("ixgbe", "transmit-hang@", "fault=transmit-hang@ is not possible: expected NAME[@WHEN][/DURATION]")]
    [InlineData("ixgbe", "transmit-hang@5", "fault=transmit-hang@5 is not possible")]
    [InlineData("ixgbe", "transmit-hang@5xx", "fault=transmit-hang@5xx is not possible")]
    [InlineData("ixgbe", "gone/0ms", "fault=gone/0ms is not possible")]
    [InlineData("ixgbe", "gone/1ms/2ms", "fault=gone/1ms/2ms is not possible")]
    [InlineData("ixgbe", "gone@1ms@2ms", "fault=gone@1ms@2ms is not possible")]
    [InlineData("ixgbe", "gone+", "fault= is not possible")]
    [InlineData("ixgbe", "smoke", "NAME is one of link-flap, no-link, gone,")]
    [InlineData("ixgbe", "bad-id", "fault=bad-id is not possible: expected a fault of ixgbe: link-flap, ")]
    [InlineData("virtio-legacy", "needs-reset", "expected a fault of virtio-legacy: ")]
    [InlineData("ixgbe", "server-dies", "fault=server-dies is not possible: expected a card that a server serves")]
    [InlineData("virtio", "server-stalls/1s", "expected a card that a server serves")]
    [InlineData("virtio", "disk-full", "expected a card whose wire writes a file: wire=pcap:[IN]>OUT")]
    [InlineData("virtio", "reset/5ms", "fault=reset is not possible: expected no duration, as it happens once")]
    public void AFaultThatMakesNoSenseIsRefused(string card, string fault, string message)
    {
        var error = Assert.Throws<DeviceSpecifierException>(() => SimulatedCards.Open($"sim:{card},fault={fault}"));
        Assert.Contains(message, error.Message);
        using var open = new VirtualWorld(1).OpenCard($"sim:{card}");
        Assert.Contains(message, Assert.Throws<DeviceSpecifierException>(() => open.Inject(fault)).Message);
    }

    [Fact]
    public void TimesThatMakeNoSenseAreRefused()
    {
        using var card = new VirtualWorld(1).OpenCard("sim:virtio");
        Assert.Throws<ArgumentOutOfRangeException>(() => card.Inject(CardFault.Gone, -s_millisecond));
        Assert.Throws<ArgumentOutOfRangeException>(() => card.Inject(CardFault.Gone, duration: TimeSpan.Zero));
        Assert.Throws<DeviceSpecifierException>(() => card.Inject(CardFault.BadStatus));
        Assert.Throws<DeviceSpecifierException>(() => card.Inject(CardFault.ServerDies));
        Assert.Throws<DeviceSpecifierException>(() => card.Inject(CardFault.Reset, duration: s_millisecond));
    }

    // Neither the end of one fault nor the driver's first reset cancels the others.
    [Fact]
    public void FaultsThatArePlannedComeWhateverEndedBefore()
    {
        var world = new VirtualWorld(1);
        using var card = world.OpenCard(
            "sim:ixgbe,wire=loopback,fault=eeprom-checksum+link-flap@1s/10ms+link-flap@2s/10ms+transmit-hang@3s");
        using var device = NetworkDevice.Open(card, new());
        int flaps = 0;
        for (bool wasUp = false; world.Elapsed < 2.5 * TimeSpan.FromSeconds(1); world.Advance(s_millisecond))
        {
            bool isUp = device.Link.IsUp;
            if (wasUp && !isUp) flaps++;
            wasUp = isUp;
        }
        Assert.Equal(2, flaps);
        world.Advance(TimeSpan.FromSeconds(1));
        Assert.True(device.ReceiveQueues[0].Pool.TryAllocate(out var packet));
        packet.Length = 60;
        Assert.Equal(1, device.Transmit([packet]));
        using var watch = new DeviceWatch(device);
        Assert.True(world.AdvanceUntil(() => watch.Fault is not null, TimeSpan.FromSeconds(10)));
        Assert.Contains("transmit queue 0 has stood still", watch.Fault!.Message);
    }

    // Whatever time the clock shows when the card is opened.
    [Fact]
    public void AFaultFromTheStartLastsItsTime()
    {
        var world = new VirtualWorld(1);
        world.Advance(TimeSpan.FromSeconds(100));
        using var card = world.OpenCard("sim:ixgbe,wire=loopback,fault=no-link/5s");
        using var device = NetworkDevice.Open(card, new());
        var start = world.Elapsed;
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(20)));
        Assert.InRange(world.Elapsed - start, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void APlannedFaultCanBeCalledOff()
    {
        var world = new VirtualWorld(1);
        using var card = world.OpenCard("sim:virtio,wire=loopback");
        using var device = NetworkDevice.Open(card, new());
        card.Inject(CardFault.Gone, after: s_millisecond);
        card.Mend(CardFault.Gone);
        world.Advance(10 * s_millisecond);
        device.CheckHealth();
    }
}
