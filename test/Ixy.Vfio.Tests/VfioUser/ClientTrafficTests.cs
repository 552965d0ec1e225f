using Ixy.Simulation;

namespace Ixy.Vfio.Tests.VfioUser;

/// <summary>
/// Our drivers on cards behind sockets, within the test's process, so that each generator knows the other and any loss
/// is exact.
/// </summary>
public sealed class ClientTrafficTests : IDisposable
{
    private const int Frames = 20_000;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-cards-");

    [Theory]
    [InlineData("ixgbe")]
    [InlineData("ixgbe,model=x540")]
    [InlineData("virtio")]
    [InlineData("virtio,packed=on")]
    [InlineData("virtio-legacy")]
    public void EveryFrameComesThroughTwoCards(string card)
    {
        using var left = Serve("left", card);
        using var right = Serve("right", card);
        // Enough buffers for one receive ring, a full transmit ring on the other device, and a batch: with fewer,
        // frames are dropped.
        var options = DriverBench.Defaults with { PoolSize = 2048 };
        using (var a = NetworkDevice.Open($"vfio-user:{PathOf("left")}", options))
        using (var b = NetworkDevice.Open($"vfio-user:{PathOf("right")}", options))
        {
            // Frames that a card sends without a link are lost.
            Assert.True(a.WaitForLink(TimeSpan.FromSeconds(5)) && b.WaitForLink(TimeSpan.FromSeconds(5)), "no link");
            var batch = new Packet[32];
            DriverBench.Until(() =>
            {
                Forward(a, b, batch);
                Forward(b, a, batch);
                return left.WireStatistics.Received == Frames && right.WireStatistics.Received == Frames;
            }, $"{Frames} frames each way");
            Assert.Equal((Frames, Frames), (a.ReadStatistics().RxPackets, b.ReadStatistics().TxPackets));
            Assert.False(a.PciDevice.IsGone);
        }
        foreach (var server in new[] { left, right })
        {
            var wire = server.WireStatistics;
            Assert.Equal((Frames, 0, 0, 0, 0), (wire.Sent, wire.Lost, wire.Reordered, wire.Duplicated, wire.Corrupted));
            Assert.Empty(server.Violations.All);
        }
    }

    [Theory]
    [InlineData("ixgbe")]
    [InlineData("virtio")]
    public void ADriverEndsInGoodOrderWhenItsCardHasGone(string card)
    {
        int before = OpenDescriptors.Count();
        using (var server = Serve("left", card))
        using (var device = NetworkDevice.Open($"vfio-user:{PathOf("left")}", DriverBench.Defaults))
        {
            server.Dispose();
            DriverBench.Until(() => device.PciDevice.IsGone, "the end");
            Assert.Throws<VfioUserDisconnectedException>(device.PciDevice.ThrowIfGone);
            var batch = new Packet[32];
            PacketPool.Free(batch.AsSpan(0, device.Receive(batch)));
        }
        DriverBench.Until(() => OpenDescriptors.Count() == before, "no descriptor is left");
        // A new peer works as well.
        using var next = Serve("left", card);
        using var again = NetworkDevice.Open($"vfio-user:{PathOf("left")}", DriverBench.Defaults);
        Assert.True(again.WaitForLink(TimeSpan.FromSeconds(5)));
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static void Forward(NetworkDevice from, NetworkDevice to, Packet[] batch)
    {
        int received = from.Receive(batch);
        for (int sent = 0; sent < received;) sent += to.Transmit(batch.AsSpan(sent, received - sent));
    }

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);

    private SimulatedCardServer Serve(string name, string card)
    {
        // At the rate "max" the generator waits for room, so nothing is lost, however slowly the driver polls.
        var server = SimulatedCardServer.Open($"sim:{card},wire=generator,count={Frames}", PathOf(name));
        server.Start();
        return server;
    }
}
