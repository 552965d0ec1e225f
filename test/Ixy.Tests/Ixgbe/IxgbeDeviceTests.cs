using Ixy.Simulation;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Simulation.Wires;
using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Tests.Ixgbe;

/// <summary>Our ixgbe driver on the simulated card: filters, statistics, link, misuse, shutdown.</summary>
public sealed class IxgbeDeviceTests
{
    private static readonly MacAddress s_other = new(0x02_AA_BB_CC_DD_01), s_group = new(0x01_00_5E_01_02_03);

    // A write is posted (PCI Express Base 2.0, 2.4.1): a reset that reaches the card late is still in progress when the
    // driver continues. Seen in a guest on a busy host: access-during-reset, 6 ms after the write.
    [Fact]
    public void AResetIsFlushedBeforeItIsWaitedFor()
    {
        const string Control = "write CTRL <- 0x";
        const uint Resets = 1 << 26 | 1 << 3;
        var trace = new List<string>();
        using (new DriverBench(before: function => ((SimulatedPciDevice)function).Card.Trace = trace.Add))
        {
        }
        var next = trace.Zip(trace.Skip(1))
            .Where(pair => pair.First.StartsWith(Control, StringComparison.Ordinal)
                && (Convert.ToUInt32(pair.First[Control.Length..], 16) & Resets) != 0)
            .Select(pair => pair.Second).ToList();
        Assert.Equal(2, next.Count); // opened and closed
        Assert.All(next, access => Assert.StartsWith("read  STATUS ", access));
    }

    [Fact]
    public void WithoutPromiscuousModeOnlyWantedFramesCome()
    {
        using var bench = new DriverBench(DriverBench.Defaults with { Promiscuous = false });
        Assert.False(bench.Device.Promiscuous);
        bench.Wire.Deliver(To(s_other, 1));
        bench.Wire.Deliver(To(s_group, 2));
        bench.Wire.Deliver(To(new(0xFFFF_FFFF_FFFF), 3));
        bench.Wire.Deliver(To(bench.Device.MacAddress, 4));
        Assert.Equal([3, 4], Numbers(bench.Receive(2)));

        bench.Device.AddUnicastFilter(s_other);
        bench.Device.AddMulticastFilter(s_group);
        bench.Wire.Deliver(To(s_other, 5));
        bench.Wire.Deliver(To(s_group, 6));
        Assert.Equal([5, 6], Numbers(bench.Receive(2)));

        bench.Device.AllMulticast = true;
        bench.Wire.Deliver(To(new(0x01_00_5E_7F_FF_FA), 7));
        bench.Wire.Deliver(To(new(0x02_11_22_33_44_55), 8));
        bench.Wire.Deliver(To(bench.Device.MacAddress, 9));
        Assert.Equal([7, 9], Numbers(bench.Receive(2)));

        bench.Device.Promiscuous = true;
        bench.Wire.Deliver(To(new(0x02_11_22_33_44_55), 10));
        Assert.Equal([10], Numbers(bench.Receive(1)));
    }

    [Fact]
    public void BehindAnIommuThatTranslatesItIsRefused()
    {
        var function = new InterposedDevice(
            new SimulatedPciDevice("sim:test", new IxgbeCard(new IxgbeCardOptions(), new FarEnd())))
        {
            IsTranslated =
            true
        };
        Assert.Throws<IommuTranslatesException>(() => NetworkDevice.Open(function, DriverBench.Defaults));
    }

    // Without pools, pool 0 owns every address (docs/silicon.md). A bit that a reset did not clear must not strip tags.
    [Theory]
    [InlineData(0x10FB)]
    [InlineData(0x1528)]
    [InlineData(0x1563)]
    public void EveryAddressBelongsToTheFirstPoolAndTagsStay(int deviceId)
    {
        var card = new IxgbeCard(new IxgbeCardOptions { DeviceId = (ushort)deviceId }, new FarEnd());
        using var device = NetworkDevice.Open(
            new InterposedDevice(new SimulatedPciDevice("sim:test", card)) { Answer = Answer }, DriverBench.Defaults);
        device.AddUnicastFilter(s_other);
        Assert.Equal([1u, 0, 1, 0, 0, 0], Enumerable.Range(0, 6).Select(i => card.Registers[MPSAR, i]));
        Assert.Equal(0u, card.Registers[RXDCTL, 0] & RXDCTL_.VlanStrip);

        static uint Answer(uint offset, uint value) => offset == RXDCTL[0] ? value | RXDCTL_.VlanStrip : value;
    }

    // The MDIO speed is the card's own and stays.
    [Fact]
    public void HLREG0KeepsWhatDiffersBetweenCards()
    {
        const uint MdioSpeed = 1 << 16;
        var card = new IxgbeCard(new IxgbeCardOptions(), new FarEnd());
        bool isAsked = false;
        using var device = NetworkDevice.Open(
            new InterposedDevice(new SimulatedPciDevice("sim:test", card)) { Answer = Answer }, DriverBench.Defaults);
        Assert.True(isAsked);
        Assert.Equal(~HLREG0.Reset & MdioSpeed, card.Registers[HLREG0] & MdioSpeed);

        uint Answer(uint offset, uint value)
        {
            if (offset != HLREG0.Offset || isAsked) return value;
            isAsked = true;
            return value ^ MdioSpeed;
        }
    }

    // Changing a filter starts with halting the receive path.
    [Fact]
    public void WhenAFilterCannotBeChangedFramesComeAsBefore()
    {
        bool isStuck = false;
        var wire = new FarEnd();
        var card = new IxgbeCard(new IxgbeCardOptions(), wire);
        using var device = NetworkDevice.Open(
            new InterposedDevice(new SimulatedPciDevice("sim:test", card)) { Answer = Answer }, DriverBench.Defaults);
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
        isStuck = true;
        device.Promiscuous = true; // already set
        Assert.Throws<DeviceTimeoutException>(() => device.Promiscuous = false);
        Assert.True(device.Promiscuous);
        wire.Deliver(To(s_other, 1));
        Assert.Equal([1], Numbers(DriverBench.Receive(device.ReceiveQueues[0], 1)));
        Assert.Equal(0u, card.Registers[SECRXCTRL] & SECRXCTRL_.ReceiveDisable);

        uint Answer(uint offset, uint value) => isStuck && offset == SECRXSTAT ? 0 : value;
    }

    [Fact]
    public void TheAddressCanBeChanged()
    {
        using var bench = new DriverBench(DriverBench.Defaults with { Promiscuous = false });
        var former = bench.Device.MacAddress;
        bench.Device.MacAddress = s_other;
        Assert.Equal(s_other, bench.Device.MacAddress);
        bench.Wire.Deliver(To(former, 1));
        bench.Wire.Deliver(To(s_other, 2));
        Assert.Equal([2], Numbers(bench.Receive(1)));
        Assert.Throws<ArgumentException>(() => bench.Device.MacAddress = s_group);
        Assert.Throws<ArgumentException>(() => bench.Device.AddUnicastFilter(new(0)));
        Assert.Throws<ArgumentException>(() => bench.Device.AddMulticastFilter(s_other));
    }

    [Fact]
    public void TheCardHasRoomForSoManyAddresses()
    {
        using var bench = new DriverBench();
        for (uint i = 1; i < 128; i++) bench.Device.AddUnicastFilter(new(0x02_00_00_00_01_00UL + i));
        Assert.Throws<InvalidOperationException>(() => bench.Device.AddUnicastFilter(s_other));
    }

    [Fact]
    public void DamagedFramesAreCounted()
    {
        using var bench = new DriverBench();
        bench.Wire.Deliver(DriverBench.Frame(1), FrameErrors.Crc);
        bench.Wire.Deliver(DriverBench.Frame(2)[..40]);
        bench.Wire.Deliver(DriverBench.Frame(3));
        Assert.Equal(DriverBench.Frame(3), Assert.Single(bench.Receive(1)));
        var statistics = bench.Device.ReadStatistics();
        Assert.Equal((1, 1, 1), (statistics.RxPackets, statistics.RxCrcErrors, statistics.RxLengthErrors));
        Assert.Equal(60, statistics.RxBytes);
    }

    // With one queue, the packet buffer of 512 or 384 KiB holds what the ring cannot. With several, each queue drops
    // its own excess (Drop_En, 8.2.3.8.7), or does not.
    [Theory]
    [InlineData(0x10FB, 1, true, 512)]
    [InlineData(0x10FB, 2, true, 0)]
    [InlineData(0x10FB, 2, false, 512)]
    [InlineData(0x1528, 1, true, 384)]
    [InlineData(0x1563, 1, true, 384)]
    public void WhatTheCardMissesIsCounted(int model, int queues, bool drops, int buffer)
    {
        const int Sent = 20_000, Length = 64;
        var options =
            DriverBench.Defaults with { ReceiveQueues = queues, FullQueueDrops = drops, RingSize = 64, PoolSize = 128 };
        using var bench = new DriverBench(options, new IxgbeCardOptions { DeviceId = (ushort)model });
        bench.Wire.Deliver(Enumerable.Repeat(DriverBench.Frame(1), Sent));
        DriverBench.Until(() => bench.Wire.IsEmpty, "all delivered");
        var packets = new Packet[32];
        long received = 0, missed = 0;
        DriverBench.Until(() =>
        {
            foreach (var queue in bench.Device.ReceiveQueues)
            {
                int count = queue.Receive(packets);
                PacketPool.Free(packets.AsSpan(0, count));
                received += count;
            }
            missed = bench.Device.ReadStatistics().RxMissed;
            return received + missed == Sent;
        }, "every frame received or missed");
        Assert.Equal(received, bench.Device.ReadStatistics().RxPackets);
        Assert.InRange(received, (buffer << 10) / Length + 63, (buffer << 10) / Length + (buffer == 0 ? 63 : 300));
        Assert.Empty(bench.Card.Violations.All);
    }

    [Fact]
    public void TheLinkGoesAndComesBackAndPacketsWithIt()
    {
        using var bench = new DriverBench();
        for (int i = 0; i < 3; i++)
        {
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
    public void WaitingForALinkThatNeverComesEnds()
    {
        var wire = new FarEnd { Signal = false };
        using var device = NetworkDevice.Open(
            new SimulatedPciDevice("sim:test", new IxgbeCard(new IxgbeCardOptions(), wire)), DriverBench.Defaults);
        Assert.False(device.WaitForLink(TimeSpan.FromMilliseconds(50)));
    }

    [Fact]
    public void PacketsThatCannotBeSentAreRefusedAndStayWithTheCaller()
    {
        using var bench = new DriverBench();
        var pool = bench.Device.ReceiveQueues[0].Pool;
        var packets = new Packet[3];
        pool.Allocate(packets);
        packets[0].Length = 13;
        packets[1].Length = 0;
        packets[2].Length = 1519;
        int available = pool.Available;

        for (int i = 0; i < packets.Length; i++) Assert.Equal(0, bench.Device.Transmit(packets.AsSpan(i)));
        Assert.Throws<PacketMisuseException>(() => bench.Device.Transmit([default]));

        Assert.Equal(0, bench.Device.TransmitQueues[0].Pending);
        Assert.Empty(bench.Wire.FromCard);
        PacketPool.Free(packets);
        Assert.Equal(available + 3, pool.Available);
    }

    [Fact]
    public void ACheckedPacketIsKnownAfterTransmit()
    {
        using var bench = new DriverBench();
        bench.Wire.Deliver(DriverBench.Frame(1));
        var packets = new Packet[1];
        DriverBench.Until(() => bench.Device.Receive(packets) == 1, "a frame");
        Assert.Equal(1, bench.Device.Transmit(packets));

        Assert.Contains("receive queue 0", Assert.Throws<PacketMisuseException>(() => packets[0].Data.Length).Message);
        Assert.Throws<PacketMisuseException>(() => packets[0].Free());
        Assert.Throws<PacketMisuseException>(() => bench.Device.Transmit(packets));
    }

    [Fact]
    public void DisposeUnderLoadIsCleanWheneverItComes()
    {
        for (int round = 0; round < 10; round++)
        {
            using var bench = new DriverBench(DriverBench.Defaults with { ReceiveQueues = 2, TransmitQueues = 2 });
            bench.Wire.Deliver(DriverBench.Frames(5000));
            var packets = new Packet[32];
            for (int i = 0; i < round * 20; i++)
            {
                int received = bench.Device.Receive(packets);
                int sent = bench.Device.Transmit(packets.AsSpan(0, received));
                PacketPool.Free(packets.AsSpan(sent, received - sent));
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void PacketsOfAnotherDeviceOutliveIt(bool sourceFirst)
    {
        var source = new DriverBench();
        var target = new DriverBench();
        target.Wire.Signal = false;
        DriverBench.Until(() => !target.Device.Link.IsUp, "link down");
        source.Wire.Deliver(DriverBench.Frames(40));
        var packets = new Packet[40];
        int received = 0;
        DriverBench.Until(() => (received += source.Device.Receive(packets.AsSpan(received))) == 40, "40 frames");
        Assert.Equal(40, target.Device.Transmit(packets));

        // The target still holds the source's buffers.
        (sourceFirst ? source : target).Dispose();
        (sourceFirst ? target : source).Dispose();
    }

    // 4.6.8.1: a queue is disabled once all its packets have left. Here the card sends none until the driver reads TDH
    // to see how far it is.
    [Fact]
    public void AtTheEndFramesThatWaitAreSentFirst()
    {
        const uint Enabled = 1, Halted = 3;
        var bench = new DriverBench();
        SimulatedPciDevice.BetweenTurns(() =>
        {
            bench.Card.WriteBar(0, CardRegisters.SECTXCTRL, Halted);
            bench.Card.Trace = access =>
            {
                if (access.StartsWith("read  TDH[0]", StringComparison.Ordinal))
                    bench.Card.WriteBar(0, CardRegisters.SECTXCTRL, Enabled);
            };
        });
        DriverBench.Send(bench.Device.TransmitQueues[0], bench.Device.ReceiveQueues[0].Pool, DriverBench.Frames(10));
        bench.Dispose();
        Assert.Equal(DriverBench.Frames(10), bench.Wire.FromCard);
    }

    [Fact]
    public void AfterDisposeTheCardIsQuietAndNothingIsMapped()
    {
        var bench = new DriverBench();
        bench.Wire.Deliver(DriverBench.Frames(10));
        bench.Receive(10);
        bench.Dispose();
        bench.Device.Dispose(); // the second call does nothing
        Assert.False(bench.Card.Dma.BusMaster);
    }

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void OptionsOutOfRangeAreRefused(NetworkDeviceOptions options, string expected)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(options.Validate);
        Assert.Contains(expected, error.Message);
    }

    public static TheoryData<NetworkDeviceOptions, string> BadOptions() => new()
    {
        { new() { RingSize = 500 }, "power of two from 64 to 4096" },
        { new() { RingSize = 32 }, "power of two from 64 to 4096" },
        { new() { RingSize = 8192 }, "power of two from 64 to 4096" },
        { new() { ReceiveQueues = 0 }, "1 to 64 receive queues" },
        { new() { TransmitQueues = 65 }, "1 to 64 transmit queues" },
        { new() { MaxFrameSize = 15865 }, "64 to 15864" },
        { new() { MaxFrameSize = 63 }, "64 to 15864" },
        { new() { BufferSize = 1500 }, "multiple of 1024" },
        { new() { BufferSize = 17408 }, "multiple of 1024" },
        { new() { PoolSize = 1000 }, "twice the ring size (1024)" },
        { new() { Rss = new() { Key = new byte[39] } }, "40 bytes" },
        { new() { Rss = new() { HashTypes = (RssHashTypes)64 } }, "hash type" },
        { new() { Rss = new() { IndirectionTable = [] } }, "power of two up to 128" },
        { new() { Rss = new() { IndirectionTable = [0, 0, 0] } }, "power of two up to 128" },
        { new() { Rss = new() { IndirectionTable = new int[256] } }, "power of two up to 128" },
        { new() { ReceiveQueues = 3, Rss = new() { IndirectionTable = [2, 3] } }, "expected 0 to 2" },
        { new() { ReceiveQueues = 64, Rss = new() { IndirectionTable = [16] } }, "expected 0 to 15" },
        { new() { ReceiveQueues = 2, Rss = new() { IndirectionTable = [-1] } }, "expected 0 to 1" },
    };

    [Fact]
    public void AnUnknownSpecifierNamesTheKnownForms()
    {
        var error = Assert.Throws<DeviceSpecifierException>(() => NetworkDevice.Open("eth0"));
        Assert.Contains("'eth0' names no device", error.Message);
        Assert.Contains("0000:03:00.0", error.Message);
    }

    private static byte[] To(MacAddress destination, byte number)
    {
        byte[] frame = DriverBench.Frame(0);
        destination.CopyTo(frame);
        frame[59] = number;
        return frame;
    }

    private static IEnumerable<int> Numbers(IEnumerable<byte[]> frames) => frames.Select(frame => (int)frame[59]);
}
