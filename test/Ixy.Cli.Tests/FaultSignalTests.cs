using System.Runtime.InteropServices;
using Ixy.Vfio;

namespace Ixy.Cli.Tests;

/// <summary>Faults of a card that <c>ixy sim</c> is already serving.</summary>
public sealed class FaultSignalTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-signal-");

    private string Socket => Path.Combine(_directory.FullName, "card");

    [Fact]
    public void ASignalBringsAFaultAbout()
    {
        using var ixy = Start("ixgbe", "reset");
        using (var device = Open())
        {
            for (int i = 0; i < 2; i++)
            {
                device.CheckHealth();
                ixy.SignalUser();
                DriverBench.Until(() => Record.Exception(device.CheckHealth) is DeviceNeedsResetException, "the fault");
                device.Restart();
            }
            Assert.Equal(2, device.Faults.UnaskedResets);
        }
        End(ixy, "reset");
    }

    [Fact]
    public void ASignalUnplugsTheCableForAWhile()
    {
        using var ixy = Start("ixgbe", "link-flap/1s");
        using (var device = Open())
        {
            Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)), "no link");
            ixy.SignalUser();
            DriverBench.Until(() => !device.Link.IsUp, "the link is down");
            Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)), "no link again");
            device.CheckHealth();
        }
        End(ixy, "link-flap/1s");
    }

    [Fact]
    public void ASignalTakesTheCardAwayAndItComesBack()
    {
        using var ixy = Start("virtio", "gone/2s");
        using (var device = Open())
        {
            device.CheckHealth();
            ixy.SignalUser();
            DriverBench.Until(() => Record.Exception(device.CheckHealth) is DeviceGoneException, "the fault");
        }
        DriverBench.Until(() => Record.Exception(() => Open().Dispose()) is null, "it is back");
        End(ixy, "gone/2s");
    }

    [Fact]
    public void ASignalEndsTheConnectionAndTheNextClientIsServed()
    {
        using var ixy = Start("virtio", "server-dies");
        for (int i = 0; i < 2; i++)
        {
            using var device = Open();
            device.CheckHealth();
            ixy.SignalUser();
            DriverBench.Until(() => device.PciDevice.IsGone, "the end");
            Assert.Throws<VfioUserDisconnectedException>(device.CheckHealth);
        }
        End(ixy, "server-dies");
    }

    [Fact]
    public void ASignalAsksForTheCard()
    {
        using var ixy = IxyProcess.Start(
            "sim", "virtio", "--wire", "loopback", "--socket", Socket, "--fault-on-signal", "unplug");
        ixy.WaitForOutput("waiting for a client");
        for (int i = 0; i < 2; i++)
        {
            using var device = NetworkDevice.Open($"vfio-user:{Socket}", DriverBench.Defaults);
            device.CheckHealth();
            ixy.SignalUser();
            DriverBench.Until(() => Record.Exception(device.CheckHealth) is DeviceRequestedException, "the request");
        }
        ixy.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
    }

    [Fact]
    public void AFaultThatTheCardDoesNotHaveIsRefusedAtOnce()
    {
        using var ixy = IxyProcess.Start("sim", "ixgbe", "--socket", Socket, "--fault-on-signal", "bad-id");
        Assert.NotEqual(0, ixy.WaitForExit());
        Assert.Contains("fault=bad-id is not possible: expected a fault of ixgbe", ixy.Error);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private IxyProcess Start(string card, string fault)
    {
        var ixy = IxyProcess.Start("sim", card, "--wire", "loopback", "--socket", Socket, "--fault-on-signal", fault);
        ixy.WaitForOutput("waiting for a client");
        return ixy;
    }

    private static void End(IxyProcess ixy, string fault)
    {
        ixy.WaitForOutput($"SIGUSR1: {fault}");
        ixy.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
    }

    private NetworkDevice Open() => NetworkDevice.Open($"vfio-user:{Socket}", DriverBench.Defaults);
}
