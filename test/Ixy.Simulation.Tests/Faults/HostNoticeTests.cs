using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>
/// A host that wants its card back, or reports an error of its link: the card goes on, and the driver must not. In this
/// process in virtual time, and behind a server, where only what is reported counts and not when.
/// </summary>
[Collection(nameof(Alone))]
public sealed class HostNoticeTests : IDisposable
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-notices-");

    public static TheoryData<string> CardsWith(string fault) => FaultBench.CardsWith(fault);

    [Theory]
    [MemberData(nameof(CardsWith), "unplug")]
    public void AHostThatWantsItsCardBack(string card) =>
        AssertEnds<DeviceRequestedException>(card, "unplug@1ms", "its host asks for the device back");

    [Theory]
    [MemberData(nameof(CardsWith), "bus-error")]
    public void AnErrorOfTheLink(string card) => AssertEnds<DeviceGoneException>(card, "bus-error@1ms", "(AER)");

    [Theory]
    [MemberData(nameof(CardsWith), "unplug")]
    public void AThreadThatSleepsOnAQueue(string card)
    {
        using var bench = new FaultBench(card, FaultBench.Options with { Interrupts = true });
        bench.Card.Inject("unplug@1ms");
        var time = bench.Measure(() => Assert.Throws<DeviceRequestedException>(
            () => bench.Device.Receive(new Packet[1], TimeSpan.FromMinutes(1))));
        Assert.InRange(time, TimeSpan.Zero, 1.1 * s_second);
    }

    [Theory]
    [InlineData("ixgbe", "unplug")]
    [InlineData("virtio", "unplug")]
    [InlineData("virtio,packed=on", "bus-error")]
    [InlineData("virtio-legacy", "bus-error")]
    public void BehindAServer(string card, string fault)
    {
        var type = fault == "unplug" ? typeof(DeviceRequestedException) : typeof(DeviceGoneException);
        int before = OpenDescriptors.Count();
        using (var server = Serve(card))
        {
            using (var device = Open())
            using (var watch = new DeviceWatch(device, TimeSpan.FromMilliseconds(100)))
            {
                AssertPasses(device);
                server.Inject(fault);
                DriverBench.Until(() => watch.Fault is not null, "the watch");
                Assert.Equal(type, watch.Fault!.GetType());
                Assert.Equal(type, Record.Exception(device.CheckHealth)?.GetType());
                Assert.Equal(type, Record.Exception(device.Restart)?.GetType());
                Assert.True(device.PciDevice.IsGone);
            }
            AssertNextIsNotTold();
        }
        DriverBench.Until(() => OpenDescriptors.Count() == before, "no descriptor is left");
    }

    [Fact]
    public void AServerAsksItsClientAndNobodyElse()
    {
        using var server = Serve("ixgbe");
        Assert.False(server.RequestRelease());
        using (var device = Open())
        {
            device.CheckHealth();
            Assert.True(server.RequestRelease());
            DriverBench.Until(() => device.PciDevice.IsGone, "the request");
            Assert.Throws<DeviceRequestedException>(device.CheckHealth);
            // The card still answers, so it is quieted as usual.
            Assert.Equal(0x8086, device.PciDevice.VendorId);
        }
        AssertNextIsNotTold();
        Assert.Empty(server.Violations.All);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static void AssertEnds<T>(string card, string fault, string message) where T : DeviceGoneException
    {
        using var bench = new FaultBench(card);
        using var watch = new DeviceWatch(bench.Device);
        bench.AssertPasses();
        bench.Card.Inject(fault);
        var time = bench.Measure(() => bench.World.AdvanceUntil(() => watch.Fault is not null, 10 * s_second));
        Assert.InRange(time, TimeSpan.Zero, s_second);
        var error = Assert.Throws<T>(watch.ThrowIfFaulty);
        Assert.Contains(message, error.Message);
        Assert.StartsWith($"{bench.Device.Name}: ", error.Message);
        Assert.Throws<T>(bench.Device.CheckHealth);
        Assert.True(bench.Device.PciDevice.IsGone);
        // What the card has sent before is not lost, and it is not started again.
        bench.Send(3);
        bench.World.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(3, bench.Take());
        Assert.Empty(bench.Card.Violations.All);
        Assert.Throws<T>(bench.Device.Restart);
        Assert.Throws<T>(bench.Device.PciDevice.ThrowIfGone);
        // It runs as before.
        long counted = bench.Device.ReadStatistics().RxPackets;
        bench.Send(3);
        bench.World.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(3, bench.Take());
        Assert.Equal(counted + 3, bench.Device.ReadStatistics().RxPackets);
    }

    private static void AssertPasses(NetworkDevice device)
    {
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)), "no link");
        DriverBench.Send(device.TransmitQueues[0], device.ReceiveQueues[0].Pool, DriverBench.Frames(20));
        DriverBench.Receive(device.ReceiveQueues[0], 20);
    }

    private void AssertNextIsNotTold()
    {
        using var next = Open();
        // This looks for notices.
        DriverBench.Until(next.PciDevice.AnswersNow, "it answers");
        next.CheckHealth();
        AssertPasses(next);
    }

    private NetworkDevice Open() =>
        NetworkDevice.Open($"vfio-user:{Path.Combine(_directory.FullName, "card")}", DriverBench.Defaults);

    private SimulatedCardServer Serve(string card)
    {
        var server = SimulatedCardServer.Open($"sim:{card},wire=loopback", Path.Combine(_directory.FullName, "card"));
        server.Start();
        return server;
    }
}
