using Ixy.Hosting.Turns;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Virtio;
using Ixy.Simulation.Wires;
using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy.Simulation.Tests;

public sealed class SimulatedCardsTests
{
    [Fact]
    public void ACardHasDefaultsAndAnEmptyPort()
    {
        using SimulatedPciDevice first = SimulatedCards.Open("sim:ixgbe"), second = SimulatedCards.Open("sim:ixgbe");
        Assert.IsType<UnpluggedWire>(first.Wire);
        Assert.Equal("sim:ixgbe", first.Name);
        Assert.Equal(new IxgbeCardOptions() with { MacAddress = 0 }, Options(first) with { MacAddress = 0 });
        Assert.NotEqual(Options(first).MacAddress, Options(second).MacAddress);
        Assert.Equal(0x02u, Options(first).MacAddress >> 40); // unicast, locally administered
    }

    [Theory]
    [InlineData("82599", 0x10FB)]
    [InlineData("x540", 0x1528)]
    [InlineData("x550", 0x1563)]
    public void TheModelIsThePciDeviceId(string model, int id)
    {
        using var device = SimulatedCards.Open($"sim:ixgbe,model={model}");
        Assert.Equal(id, Options(device).DeviceId);
    }

    [Theory]
    [InlineData("82599", "10G 1G")]
    [InlineData("x540", "10G 1G 100M")]
    [InlineData("x550", "10G 5G 2.5G 1G 100M")]
    public void TheSpeedIsOneThatTheModelHas(string model, string speeds)
    {
        foreach (var (name, mbps) in ((string, int)[])[
            ("10G", 10_000), ("5g", 5_000), ("2.5G", 2_500), ("1G", 1_000), ("100M", 100)])
        {
            string specifier = $"sim:ixgbe,model={model},speed={name}";
            if (speeds.Split(' ').Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                using var device = SimulatedCards.Open(specifier);
                Assert.Equal(mbps, Options(device).PartnerSpeedMbps);
            }
            else Assert.Contains(
                $"speed={name} is not possible: expected what this model can: ",
                Assert.Throws<DeviceSpecifierException>(() => SimulatedCards.Open(specifier)).Message);
        }
    }

    [Fact]
    public void AVirtioCardHasOptionsOfItsOwn()
    {
        using var plain = SimulatedCards.Open("sim:virtio");
        Assert.Equal(new VirtioCardOptions() with { MacAddress = 0 }, VirtioOptions(plain) with { MacAddress = 0 });
        using var device = SimulatedCards.Open(
            "sim:virtio,wire=loopback,packed=on,queues=4,queue-size=300,mtu=9000,mac=02:00:5e:00:53:01,without=mq+event_idx");
        Assert.IsType<LoopbackWire>(device.Wire);
        Assert.Equal(new VirtioCardOptions
        {
            IsPacked = true,
            QueuePairs = 4,
            QueueSize = 300,
            Mtu = 9000,
            MacAddress = 0x02_00_5E_00_53_01,
            Withheld = (VirtioFeatures)(1ul << 22 | 1ul << 29),
        }, VirtioOptions(device));
        using var legacy = SimulatedCards.Open("sim:virtio-legacy,queue-size=1024");
        Assert.Equal((true, true), (VirtioOptions(legacy).IsLegacy, VirtioOptions(legacy).HasChecksums));
        using var simple = SimulatedCards.Open("sim:virtio-legacy,csum=off");
        Assert.False(VirtioOptions(simple).HasChecksums);
        Assert.Equal(0x1000, legacy.DeviceId);
    }

    [Fact]
    public void OptionsComeInAnyOrder()
    {
        using var device = SimulatedCards.Open(
            "sim:ixgbe,size=1514,wire=generator,mac=02:00:5e:00:53:fF,count=2,link-delay=500us,rate=10G,flows=16");
        Assert.Equal((0x02_00_5E_00_53_FFul, 500_000), (Options(device).MacAddress, Options(device).LinkUpDelay));
        Assert.IsType<GeneratorWire>(device.Wire);
    }

    [Fact]
    public void TheGeneratorSendsToItsCardOrWhereItIsTold()
    {
        using var own = SimulatedCards.Open("sim:ixgbe,mac=02:00:5e:00:53:01,wire=generator,size=100");
        using var other = SimulatedCards.Open("sim:ixgbe,wire=generator,dst=ff:ff:ff:ff:ff:ff");
        SimulatedPciDevice.BetweenTurns(() =>
        {
            Assert.Equal([2, 0, 0x5E, 0, 0x53, 1], own.Wire.Receive(DeviceThread.Now, out _)[..6].ToArray());
            Assert.Equal(100, own.Wire.Receive(DeviceThread.Now, out _).Length);
            Assert.Equal([255, 255, 255, 255, 255, 255], other.Wire.Receive(DeviceThread.Now, out _)[..6].ToArray());
        });
    }

    [Fact]
    public void LoopbackCableAndPcapArePluggedIn()
    {
        using var file = new TemporaryFile();
        using (var loopback = SimulatedCards.Open("sim:ixgbe,wire=loopback"))
            Assert.IsType<LoopbackWire>(loopback.Wire);
        using (var pcap = SimulatedCards.Open($"sim:ixgbe,wire=pcap:>{file.Path},rate=max"))
            Assert.IsType<PcapWire>(pcap.Wire);
        Assert.True(File.Exists(file.Path));
        using (var pcap = SimulatedCards.Open($"sim:ixgbe,wire=pcap:{file.Path}")) Assert.IsType<PcapWire>(pcap.Wire);
        using SimulatedPciDevice left = SimulatedCards.Open("sim:ixgbe,wire=cable:specifier")
            , right = SimulatedCards.Open("sim:ixgbe,wire=cable:specifier");
        Assert.True(left.Wire.HasSignal);
        right.Dispose();
        Assert.False(left.Wire.HasSignal);
    }

    [Fact]
    public void RegisterAccessesAreTracedByName()
    {
        using var file = new TemporaryFile();
        using (var device = SimulatedCards.Open($"sim:ixgbe,trace={file.Path}"))
        {
            device.EnableBusMaster(); // and memory space: before that, the BAR does not respond
            device.OpenBar(0).Read32(0x00008);
        }
        Assert.Contains(File.ReadLines(file.Path), line => line.Contains("read  STATUS -> 0x"));
    }

    [Fact]
    public void VirtioAccessesAreTracedByName()
    {
        using var file = new TemporaryFile();
        using (var device = SimulatedCards.Open($"sim:virtio,trace={file.Path}"))
        {
            device.EnableBusMaster();
            device.OpenBar(4).Write8(0x14, 1);
            device.OpenBar(4).Read16(0x18);
            device.OpenBar(4).Read16(0x2006);
        }
        string[] trace = [.. File.ReadLines(file.Path).Select(line => line[(line.IndexOf(' ') + 1)..])];
        Assert.Equal(
            ["write common.device_status <- 0x1", "read  common.queue_size -> 0x100", "read  config.status -> 0x0"],
            trace);
    }

    [Theory]
    [InlineData("sim:", "expected sim:ixgbe")]
    [InlineData("sim:e1000", "expected sim:ixgbe")]
    [InlineData("sim:virtio-modern", "expected sim:ixgbe, sim:virtio or sim:virtio-legacy")]
    [InlineData(
        "sim:virtio,model=x540",
        "no option 'model': expected behaviour, csum, fault, mac, mtu, packed, queue-size, queues, seed, trace, wire, "
        + "without")]
    [InlineData("sim:virtio-legacy,packed=on", "no option 'packed'")]
    [InlineData("sim:virtio,packed=yes", "expected on or off")]
    [InlineData("sim:virtio,queues=33", "a number from 1 to 32")]
    [InlineData("sim:virtio,queue-size=300", "a power of two up to 32768, or packed=on")]
    [InlineData("sim:virtio,mtu=67", "a number from 68 to 65535")]
    [InlineData("sim:virtio,without=speed", "features joined by +: csum, guest_csum, mtu, mac, mrg_rxbuf")]
    [InlineData("sim:ixgbe,", "expected key=value")]
    [InlineData("sim:ixgbe,generator", "expected key=value")]
    [InlineData("sim:ixgbe,wire=", "expected key=value")]
    [InlineData(
        "sim:ixgbe,colour=red",
        "no option 'colour': expected behaviour, fault, link-delay, mac, model, quirks, seed, speed, trace, wire")]
    [InlineData("sim:ixgbe,behaviour=nice", "expected perverse, or none of it")]
    [InlineData("sim:virtio,behaviour=perverse,seed=-1", "expected a number from 0")]
    [InlineData("sim:virtio-legacy,seed=7", "expected behaviour=perverse beside it")]
    [InlineData("sim:ixgbe,mac=02:00:5e:00:53:01,mac=02:00:5e:00:53:01", "'mac' is given twice")]
    [InlineData("sim:ixgbe,model=e1000", "expected 82599, x540 or x550")]
    [InlineData("sim:ixgbe,quirks=all", "expected silicon")]
    [InlineData("sim:ixgbe,mac=02:00:5e:00:53", "six bytes")]
    [InlineData("sim:ixgbe,mac=02:00:5e:00:53:1g", "six bytes")]
    [InlineData("sim:ixgbe,mac=03:00:5e:00:53:01", "not of a group")]
    [InlineData("sim:ixgbe,mac=00:00:00:00:00:00", "not of a group")]
    [InlineData("sim:ixgbe,link-delay=20", "20ms")]
    [InlineData("sim:ixgbe,link-delay=2min", "20ms")]
    [InlineData("sim:ixgbe,link-delay=61s", "20ms")]
    [InlineData("sim:ixgbe,trace=/nonexistent/trace", "/nonexistent/trace")]
    [InlineData("sim:ixgbe,wire=string", "expected generator, loopback, tap:NAME, pcap:IN[>OUT] or cable:NAME")]
    [InlineData("sim:ixgbe,wire=loopback:x", "expected generator, loopback")]
    [InlineData("sim:ixgbe,wire=tap", "tap:NAME")]
    [InlineData("sim:ixgbe,wire=tap:", "tap:NAME")]
    [InlineData("sim:ixgbe,wire=tap:a-name-too-long-for-linux", "at most 15")]
    [InlineData("sim:ixgbe,wire=pcap:>", "pcap:>OUT")]
    [InlineData("sim:ixgbe,wire=pcap:a>b>c", "pcap:>OUT")]
    [InlineData("sim:ixgbe,wire=pcap:/nonexistent/in.pcap", "/nonexistent/in.pcap")]
    [InlineData("sim:ixgbe,wire=loopback,rate=10G", "wire=loopback has no option 'rate'")]
    [InlineData("sim:ixgbe,size=60", "without wire= has no option 'size'")]
    [InlineData("sim:ixgbe,wire=generator,size=59", "from 60 to 15996")]
    [InlineData("sim:ixgbe,wire=generator,size=15997", "from 60 to 15996")]
    [InlineData("sim:ixgbe,wire=generator,size=big", "from 60 to 15996")]
    [InlineData("sim:ixgbe,wire=generator,rate=fast", "5Mpps")]
    [InlineData("sim:ixgbe,wire=generator,count=-1", "a number from 0")]
    [InlineData("sim:ixgbe,wire=generator,flows=3", "a power of two up to 256")]
    [InlineData("sim:ixgbe,wire=generator,flows=512", "from 1 to 256")]
    [InlineData("sim:ixgbe,wire=generator,dst=here", "six bytes")]
    public void WhatIsWrongIsSaidInOneLine(string specifier, string expected)
    {
        var error = Assert.Throws<DeviceSpecifierException>(() => SimulatedCards.Open(specifier));
        Assert.StartsWith(specifier + ": ", error.Message);
        Assert.Contains(expected, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void ACardThatCouldNotBeOpenedLeavesNothingPluggedIn()
    {
        for (int i = 0; i < 3; i++)
            Assert.Throws<DeviceSpecifierException>(
                () => SimulatedCards.Open("sim:ixgbe,wire=cable:leak,trace=/nonexistent/trace"));
        using SimulatedPciDevice left = SimulatedCards.Open("sim:ixgbe,wire=cable:leak")
            , right = SimulatedCards.Open("sim:ixgbe,wire=cable:leak");
        Assert.True(left.Wire.HasSignal);
    }

    private static VirtioCardOptions VirtioOptions(SimulatedPciDevice device) => ((VirtioCard)device.Card).Options;

    private static IxgbeCardOptions Options(SimulatedPciDevice device) => ((IxgbeCard)device.Card).Options;
}
