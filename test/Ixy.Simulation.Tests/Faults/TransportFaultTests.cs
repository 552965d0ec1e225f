using Ixy.Ixgbe;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>
/// Cards that fail behind the other transports, in real time: what is reported, not when. A card that is gone reads as
/// all ones on each of them.
/// </summary>
[Collection(nameof(Alone))]
public sealed class TransportFaultTests : IDisposable
{
    private const string Address = "0000:03:00.0";
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-faults-");

    public static TheoryData<string> Cards => ["ixgbe", "virtio", "virtio,packed=on", "virtio-legacy"];

    [Theory]
    [MemberData(nameof(Cards))]
    public void ACardThatIsGoneBehindAServer(string card)
    {
        int before = OpenDescriptors.Count();
        using (var server = Serve(card))
        {
            using (var device = Open())
            {
                server.Inject(CardFault.Gone);
                Assert.Throws<DeviceGoneException>(device.CheckHealth);
                Assert.True(device.PciDevice.IsGone);
                Assert.Throws<DeviceGoneException>(device.PciDevice.ThrowIfGone);
                Assert.Throws<DeviceGoneException>(() => device.Receive(new Packet[1], Timeout.InfiniteTimeSpan));
                Assert.Throws<DeviceGoneException>(device.Restart);
            }
            // The server keeps running, for the time when the card is back.
            server.Mend(CardFault.Gone);
            using var again = Open();
            AssertPasses(again);
        }
        DriverBench.Until(() => OpenDescriptors.Count() == before, "no descriptor is left");
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void ACardThatWasResetBehindAServerGoesOnAfterARestart(string card)
    {
        using var server = Serve(card);
        using var device = Open();
        AssertPasses(device);
        server.Inject("reset");
        Assert.Throws<DeviceNeedsResetException>(device.CheckHealth);
        device.Restart();
        device.CheckHealth();
        AssertPasses(device);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void ACardThatIsGoneBehindSysfs()
    {
        Needs.Root("the sysfs transport needs root");
        AllHugePages.Require(32);
        using var sysfs = new FakeSysfs();
        using var card = new PaperCard(sysfs.Add(Address));
        using var device = NetworkDevice.Open(
            new SysfsPciDevice(new SysfsFunction(sysfs.Root, Address), check: null), new());
        device.CheckHealth();
        card[IxgbeRegisters.STATUS] = uint.MaxValue;
        Assert.Throws<DeviceGoneException>(device.CheckHealth);
        Assert.True(device.PciDevice.IsGone);
        Assert.Throws<DeviceGoneException>(() => device.Receive(new Packet[1], Timeout.InfiniteTimeSpan));
        device.PciDevice.ForgetGone();
        card[IxgbeRegisters.LINKS] = uint.MaxValue;
        Assert.Throws<DeviceGoneException>(() => device.Link);
        device.PciDevice.ForgetGone();
        card[IxgbeRegisters.GPTC] = uint.MaxValue;
        Assert.Throws<DeviceGoneException>(() => device.ReadStatistics());
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static void AssertPasses(NetworkDevice device)
    {
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)), "no link");
        DriverBench.Send(device.TransmitQueues[0], device.ReceiveQueues[0].Pool, DriverBench.Frames(20));
        DriverBench.Receive(device.ReceiveQueues[0], 20);
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
