using Ixy.Simulation;
using Ixy.Simulation.Virtio;
using Ixy.Vfio;
using Ixy.Virtio;
using static Ixy.Tests.Virtio.VirtioTrafficTests;

namespace Ixy.Tests.Virtio;

/// <summary>
/// Our virtio driver on the simulated card: filters, addresses, link, missing features, faults, shutdown and restart.
/// </summary>
public sealed class VirtioDeviceTests
{
    private const uint StatusOffset = 0x14;
    private static readonly MacAddress s_other = new(0x02_AA_BB_CC_DD_01), s_group = new(0x01_00_5E_01_02_03);

    public static TheoryData<Variant> Variants() => VirtioTrafficTests.Variants();

    [Theory]
    [MemberData(nameof(Variants))]
    public void WithoutPromiscuousModeOnlyWantedFramesCome(Variant variant)
    {
        using var bench = new DriverBench(DriverBench.Defaults with { Promiscuous = false }, Card(variant));
        Assert.Equal((false, false), (bench.Device.Promiscuous, bench.Device.AllMulticast));
        Deliver(bench, s_other, 1);
        Deliver(bench, s_group, 2);
        Deliver(bench, new(0xFFFF_FFFF_FFFF), 3);
        Deliver(bench, bench.Device.MacAddress, 4);
        Assert.Equal([3, 4], Numbers(bench.Receive(2)));

        bench.Device.AddUnicastFilter(s_other);
        bench.Device.AddMulticastFilter(s_group);
        Deliver(bench, s_other, 5);
        Deliver(bench, s_group, 6);
        Deliver(bench, new(0x01_00_5E_01_02_04), 7);
        Deliver(bench, s_other, 8);
        Assert.Equal([5, 6, 8], Numbers(bench.Receive(3)));

        bench.Device.AllMulticast = true;
        Deliver(bench, new(0x01_00_5E_7F_FF_FA), 9);
        Deliver(bench, new(0x02_11_22_33_44_55), 10);
        Deliver(bench, bench.Device.MacAddress, 11);
        Assert.Equal([9, 11], Numbers(bench.Receive(2)));

        bench.Device.Promiscuous = true;
        Deliver(bench, new(0x02_11_22_33_44_55), 12);
        Assert.Equal([12], Numbers(bench.Receive(1)));
    }

    [Theory]
    [InlineData(Variant.Split, VirtioFeatures.None)]
    [InlineData(Variant.Packed, VirtioFeatures.None)]
    [InlineData(Variant.Legacy, VirtioFeatures.ControlMacAddress)] // through configuration space (5.1.4.1)
    public void TheAddressCanBeChanged(Variant variant, VirtioFeatures without)
    {
        using var bench = new DriverBench(
            DriverBench.Defaults with { Promiscuous = false }, Card(variant) with { Withheld = without });
        var former = bench.Device.MacAddress;
        bench.Device.MacAddress = s_other;
        Assert.Equal(s_other, bench.Device.MacAddress);
        Deliver(bench, former, 1);
        Deliver(bench, s_other, 2);
        Assert.Equal([2], Numbers(bench.Receive(1)));
        Assert.Throws<ArgumentException>(() => bench.Device.MacAddress = s_group);
        Assert.Throws<ArgumentException>(() => bench.Device.AddUnicastFilter(new(0)));
        Assert.Throws<ArgumentException>(() => bench.Device.AddMulticastFilter(s_other));
    }

    [Theory]
    [InlineData(Variant.Split)]
    [InlineData(Variant.Legacy)]
    public void ACardWithoutAnAddressGetsOne(Variant variant)
    {
        using var bench = new DriverBench(
            DriverBench.Defaults with { Promiscuous = false }, Card(variant) with { Withheld = VirtioFeatures.Mac });
        Assert.True(bench.Device.MacAddress.IsUnicast);
        Assert.NotEqual(new VirtioCardOptions().MacAddress, bench.Device.MacAddress.Value);
        Deliver(bench, bench.Device.MacAddress, 1);
        Assert.Equal([1], Numbers(bench.Receive(1)));
    }

    [Fact]
    public void WhatIsNotOfferedIsMissedOnlyByWhoAsksForIt()
    {
        using var bench = new DriverBench(
            DriverBench.Defaults, Card(Variant.Split) with { Withheld = VirtioFeatures.ControlQueue });
        var device = bench.Device;
        bench.Wire.Deliver(DriverBench.Frame(1));
        bench.Receive(1);
        device.Promiscuous = true;
        Assert.Equal((true, false), (device.Promiscuous, device.AllMulticast));
        AssertNotOffered("VIRTIO_NET_F_CTRL_RX", () => device.Promiscuous = false);
        Assert.True(device.Promiscuous);
        device.AllMulticast = true;
        device.AllMulticast = false; // no effect: everything comes in
        AssertNotOffered("VIRTIO_NET_F_CTRL_RX", () => device.AddUnicastFilter(s_other));
        AssertNotOffered("VIRTIO_NET_F_CTRL_RX", () => device.AddMulticastFilter(s_group));
        AssertNotOffered("VIRTIO_NET_F_CTRL_MAC_ADDR", () => device.MacAddress = s_other);
        AssertNotOffered(
            "VIRTIO_NET_F_CTRL_RX", () =>
            Open(DriverBench.Defaults with { Promiscuous = false }, VirtioFeatures.ControlQueue));
        AssertNotOffered("mq=on", () => Open(DriverBench.Defaults with { ReceiveQueues = 2 }));
        AssertNotOffered("in pairs", () => Open(DriverBench.Defaults with { TransmitQueues = 2 }));
        AssertNotOffered(
            "VIRTIO_NET_F_MRG_RXBUF", () =>
            Open(DriverBench.Defaults with { BufferSize = 1024 }, VirtioFeatures.MergeableBuffers));
        AssertNotOffered("VIRTIO_F_VERSION_1", () => Open(DriverBench.Defaults, VirtioFeatures.Version1));
        AssertNotOffered(
            "VIRTIO_F_ANY_LAYOUT", () => Open(DriverBench.Defaults, VirtioFeatures.AnyLayout, Variant.Legacy));
        AssertNotOffered("has 2 queue pairs, and 3 were asked for", () =>
            Open(DriverBench.Defaults with { ReceiveQueues = 3 }, card: Card(Variant.Split) with { QueuePairs = 2 }));
    }

    // If the driver broke the device's rules for pairs, it would show in the violations (5.1.6.5.6.1).
    [Theory]
    [InlineData(Variant.Split)]
    [InlineData(Variant.Packed)]
    [InlineData(Variant.Legacy)]
    public void FewerTransmitQueuesThanReceiveQueues(Variant variant)
    {
        using var bench = new DriverBench(
            DriverBench.Defaults with { ReceiveQueues = 4, TransmitQueues = 2 }, Card(variant) with { QueuePairs = 4 });
        Assert.Equal((4, 2), (bench.Device.ReceiveQueues.Count, bench.Device.TransmitQueues.Count));
        for (int queue = 0; queue < 2; queue++)
            DriverBench.Send(
                bench.Device.TransmitQueues[queue], bench.Device.ReceiveQueues[0].Pool, DriverBench.Frames(100));
        DriverBench.Until(() => bench.Wire.FromCard.Count == 200, "200 frames");
    }

    [Fact]
    public void AnAddressThatTheDeviceRefusedIsNotThere()
    {
        using var refusing = new RefusingCard(DriverBench.Defaults with { Promiscuous = false });
        refusing.Refused = "command 1.0";
        Assert.Throws<DeviceProtocolException>(() => refusing.Device.AddUnicastFilter(s_other));
        Assert.Throws<DeviceProtocolException>(() => refusing.Device.AddUnicastFilter(s_other));
        Assert.Throws<DeviceProtocolException>(() => refusing.Device.AddMulticastFilter(s_group));
        refusing.Refused = null;
        refusing.Device.AddUnicastFilter(s_other);
        refusing.Wire.Deliver(To(s_group, 1));
        refusing.Wire.Deliver(To(s_other, 2));
        Assert.Equal([2], Numbers(DriverBench.Receive(refusing.Device.ReceiveQueues[0], 1)));
    }

    // A mode takes two commands: if the second is refused, the first has no effect either.
    [Fact]
    public void AModeThatTheDeviceRefusedChangesNothing()
    {
        using var refusing = new RefusingCard(DriverBench.Defaults with { Promiscuous = false });
        refusing.Refused = "command 0.1";
        Assert.Throws<DeviceProtocolException>(() => refusing.Device.Promiscuous = true);
        Assert.False(refusing.Device.Promiscuous);
        refusing.Wire.Deliver(To(s_other, 1));
        refusing.Wire.Deliver(To(refusing.Device.MacAddress, 2));
        Assert.Equal([2], Numbers(DriverBench.Receive(refusing.Device.ReceiveQueues[0], 1)));
    }

    // Design, section 6: such devices take addresses for physical ones.
    [Fact]
    public void WhoGoesAroundAnIommuIsRefused()
    {
        AssertNotOffered(
            "is a legacy virtio device, whose DMA goes around the IOMMU", () => OpenBehindIommu(Card(Variant.Legacy)));
        AssertNotOffered("does not offer VIRTIO_F_ACCESS_PLATFORM",
            () => OpenBehindIommu(Card(Variant.Split) with { Withheld = VirtioFeatures.AccessPlatform }));
        AssertNotOffered("disable-legacy=on,iommu_platform=on", () => OpenBehindIommu(Card(Variant.Legacy)));
        OpenBehindIommu(Card(Variant.Split)).Dispose();
    }

    // The reverse: with physical addresses, a device that bypasses the IOMMU is the one that can be driven.
    [Theory]
    [InlineData(Variant.Legacy, false)]
    [InlineData(Variant.Split, false)]
    [InlineData(Variant.Split, true)]
    public void BehindAnIommuThatTranslatesWhoGoesAroundItIsDriven(Variant variant, bool obeys)
    {
        var card = Card(variant) with { Withheld = obeys ? 0 : VirtioFeatures.AccessPlatform };
        var function = new InterposedDevice(
            new SimulatedPciDevice("sim:test", new VirtioCard(card, new FarEnd())))
        { IsTranslated = true };
        if (obeys) Assert.Throws<IommuTranslatesException>(() => NetworkDevice.Open(function, DriverBench.Defaults));
        else NetworkDevice.Open(function, DriverBench.Defaults).Dispose();
    }

    [Fact]
    public void ADeviceThatRefusesItsOwnFeaturesIsAnError()
    {
        var error = Assert.Throws<FeatureNotOfferedException>(
            () => Open(answer: (offset, value) => offset == StatusOffset ? value & ~8u : value));
        Assert.Contains("which are among them (device status 0x03", error.Message);
    }

    [Fact]
    public void AResetThatNeverEndsIsAnError()
    {
        var error = Assert.Throws<DeviceTimeoutException>(
            () => Open(answer: (offset, value) => offset == StatusOffset ? 0x0F : value));
        Assert.Contains("device status is 0x0f, expected 0", error.Message);
    }

    // What changes at each look: config_generation (4.1.4.3), or the address itself on a legacy device, which has none.
    [Theory]
    [InlineData(Variant.Split, 0x15)]
    [InlineData(Variant.Packed, 0x15)]
    [InlineData(Variant.Legacy, 0x14)]
    public void AnAddressThatNeverStandsStillIsAnError(Variant variant, uint changing)
    {
        uint looks = 0;
        var error = Assert.Throws<DeviceTimeoutException>(() => Open(
            variant: variant, answer: (offset, value) => offset == changing ? ++looks & 0xFF : value));
        Assert.Contains("changed during each read for 1000 ms", error.Message);
    }

    [Fact]
    public void ADeviceThatNeedsAResetIsAnError()
    {
        bool broken = false;
        using var device = Open(answer: (offset, value) => offset == StatusOffset && broken ? value | 0x40 : value);
        Assert.True(device.Link.IsUp);
        broken = true;
        Assert.Contains("device status 0x4f", Assert.Throws<DeviceNeedsResetException>(() => device.Link).Message);
        Assert.Throws<DeviceNeedsResetException>(() => device.ReadStatistics());
        broken = false;
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void TheLinkGoesAndComesBackAndPacketsWithIt(Variant variant)
    {
        using var bench = new DriverBench(DriverBench.Defaults, Card(variant));
        bool tells = variant is Variant.Split or Variant.Packed;
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(new LinkStatus(true, tells ? 10_000 : 0), bench.Device.Link);
            bench.Wire.Signal = false;
            DriverBench.Until(() => !bench.Device.Link.IsUp, "link down");
            Assert.Equal(default, bench.Device.Link);
            bench.Wire.Signal = true;
            Assert.True(bench.Device.WaitForLink(TimeSpan.FromSeconds(10)));
            bench.Wire.Deliver(DriverBench.Frame(i));
            Assert.Equal(DriverBench.Frame(i), Assert.Single(bench.Receive(1)));
        }
    }

    [Fact]
    public void TheMtuLimitsWhatIsSent()
    {
        using var bench = new DriverBench(
            DriverBench.Defaults with { MaxFrameSize = 9018 }, Card(Variant.Split) with { Mtu = 2000 });
        Assert.Equal(2000, Assert.IsType<Ixy.Virtio.VirtioDevice>(bench.Device).Mtu);
        var packets = new Packet[1];
        bench.Device.ReceiveQueues[0].Pool.Allocate(packets);
        packets[0].Length = 2019; // 2,018 at most with a VLAN tag
        OffloadBench.Tagged(new byte[60], 1).CopyTo(packets[0].Data);
        Assert.Equal(0, bench.Device.Transmit(packets));
        Assert.Equal(
            "a packet of 2019 bytes cannot be sent: expected at most 2014, or 2018 with a VLAN tag "
            + "(NetworkDeviceOptions.MaxFrameSize, the device's MTU)",
            bench.Device.TransmitQueues[0].Examine(packets[0]).ToString());
        packets[0].Length = 2018;
        Assert.Equal(1, bench.Device.Transmit(packets));
        DriverBench.Until(() => bench.Wire.FromCard.Count == 1, "it is sent");
    }

    // Without room for such frames, the driver must not accept the feature (5.1.4.2).
    [Fact]
    public void AnMtuThatDoesNotFitIsNotAccepted()
    {
        using var bench = new DriverBench(DriverBench.Defaults, Card(Variant.Split) with { Mtu = 9000 });
        Assert.Null(Assert.IsType<Ixy.Virtio.VirtioDevice>(bench.Device).Mtu);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void AfterDisposeTheCardIsQuiet(Variant variant)
    {
        var bench = new DriverBench(DriverBench.Defaults, Card(variant));
        bench.Wire.Deliver(DriverBench.Frames(10));
        bench.Receive(10);
        bench.Dispose();
        bench.Device.Dispose(); // the second call does nothing
        Assert.False(bench.Card.Dma.BusMaster);
    }

    // A killed process told the device nothing, and its memory is gone.
    [Theory]
    [MemberData(nameof(Variants))]
    public void AfterAKillTheNextOneStartsAnew(Variant variant)
    {
        var wire = new FarEnd();
        var card = new VirtioCard(Card(variant), wire);
        using var function = new SimulatedPciDevice("sim:test", card);
        var killed = new InterposedDevice(function) { OwnsCard = false };
        var first = NetworkDevice.Open(killed, DriverBench.Defaults);
        wire.Deliver(DriverBench.Frames(50));
        DriverBench.Receive(first.ReceiveQueues[0], 20, batch: 1);
        DmaArena.Detach(killed);

        var second = NetworkDevice.Open(new InterposedDevice(function) { OwnsCard = false }, DriverBench.Defaults);
        Assert.True(second.WaitForLink(TimeSpan.FromSeconds(10)));
        DriverBench.Until(() => wire.IsEmpty, "the rest is delivered");
        wire.Deliver(DriverBench.Frame(1000));
        DriverBench.Until(
            () => DriverBench.Receive(second.ReceiveQueues[0], 1)[^1].AsSpan().SequenceEqual(DriverBench.Frame(1000)),
            "the last frame");
        second.Dispose();
        Assert.Empty(card.Violations.All);
        first.Dispose();
    }

    private static NetworkDevice Open(
        NetworkDeviceOptions? options = null, VirtioFeatures without = 0, Variant variant = Variant.Split,
        VirtioCardOptions? card = null,
        Func<uint, uint, uint>? answer = null)
    {
        var model = new VirtioCard((card ?? Card(variant)) with { Withheld = without }, new FarEnd());
        var device = new InterposedDevice(new SimulatedPciDevice("sim:test", model));
        if (answer is not null) device.Answer = answer;
        return NetworkDevice.Open(device, options ?? DriverBench.Defaults);
    }

    private static NetworkDevice OpenBehindIommu(VirtioCardOptions card) => NetworkDevice.Open(
        new InterposedDevice(
            new SimulatedPciDevice("sim:test", new VirtioCard(card, new FarEnd())))
        { ClaimsIommu = true },
            DriverBench.Defaults);

    private static void AssertNotOffered(string expected, Action action) =>
        Assert.Contains(expected, Assert.Throws<FeatureNotOfferedException>(action).Message);

    private static void AssertNotOffered(string expected, Func<NetworkDevice> open) =>
        AssertNotOffered(expected, () => open().Dispose());

    private static void Deliver(DriverBench bench, MacAddress destination, byte number) =>
        bench.Wire.Deliver(To(destination, number));

    private static byte[] To(MacAddress destination, byte number)
    {
        byte[] frame = DriverBench.Frame(0);
        destination.CopyTo(frame);
        frame[59] = number;
        return frame;
    }

    private static IEnumerable<int> Numbers(IEnumerable<byte[]> frames) => frames.Select(frame => (int)frame[59]);

    /// <summary>
    /// A device that refuses a control command: while looking at it, it forgets the negotiated features.
    /// </summary>
    private sealed class RefusingCard : IDisposable
    {
        private readonly VirtioCard _card;
        private VirtioFeatures _agreed;

        internal RefusingCard(NetworkDeviceOptions options)
        {
            _card = new VirtioCard(Card(Variant.Split), Wire);
            Device = NetworkDevice.Open(new SimulatedPciDevice("sim:test", _card), options);
            SimulatedPciDevice.BetweenTurns(() => _card.Trace = Look);
        }

        internal FarEnd Wire { get; } = new();

        internal NetworkDevice Device { get; }

        /// <summary>Start of the trace line of the refused command.</summary>
        internal string? Refused { get; set; }

        public void Dispose() => Device.Dispose();

        private void Look(string access)
        {
            if (!access.StartsWith("command", StringComparison.Ordinal)) return;
            if (_agreed == 0) _agreed = _card.Control.Features;
            _card.Control.Features = Refused is { } refused && access.StartsWith(refused, StringComparison.Ordinal) ? 0
                : _agreed;
        }
    }
}
