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
        using var ixy = IxyProcess.Start(
            "sim", "ixgbe", "--wire", "loopback", "--socket", Socket, "--fault-on-signal", "reset");
        ixy.WaitForOutput("waiting for a client");
        using (var device = NetworkDevice.Open($"vfio-user:{Socket}", DriverBench.Defaults))
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
        ixy.WaitForOutput("SIGUSR1: reset");
        ixy.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
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
}
