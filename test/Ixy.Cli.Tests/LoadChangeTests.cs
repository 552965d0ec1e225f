using System.Runtime.InteropServices;
using Xunit.Abstractions;

namespace Ixy.Cli.Tests;

/// <summary>Load that comes and goes, with the card in an <c>ixy sim</c>: no packet is lost.</summary>
public sealed class LoadChangeTests(ITestOutputHelper log) : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-load-");

    // A generator in another process cannot be switched on and off, so a thread here sends over a loopback wire. Three
    // threads then compete for two cores, which limits the rate.
    [Theory]
    [Trait("needs", "time")]
    [InlineData("ixgbe")]
    [InlineData("virtio,queue-size=4096")]
    public void AHundredTimesWithTheCardInAnotherProcess(string card)
    {
        string socket = Path.Combine(_directory.FullName, "card");
        using var sim = IxyProcess.Start("sim", card, "--socket", socket, "--wire", "loopback", "--json");
        sim.WaitForError("waiting for a client");
        using (var pool = LoadChange.Pool())
        using (var device = NetworkDevice.Open($"vfio-user:{socket}", LoadChange.Options)) Check(device, pool);
        sim.Signal(PosixSignal.SIGTERM);
        var report = JsonReport.Of((sim.WaitForExit(), sim.Output, sim.Error));
        Assert.Empty(report.GetProperty("violations").EnumerateArray());
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private void Check(NetworkDevice device, PacketPool pool)
    {
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
        var load = new LoadChange(device, pool);
        load.Run().GetAwaiter().GetResult();
        var queue = device.ReceiveQueues[0];
        Assert.Equal((LoadChange.Rounds * LoadChange.Burst, 0), (queue.Packets, queue.Dropped));
        Assert.InRange(queue.Waits, LoadChange.Rounds, long.MaxValue);
        Tell(queue, load.Rate);
    }

    // How often a thread sleeps in real time depends more on the machine than on the driver.
    private void Tell(ReceiveQueue queue, double rate) =>
        log.WriteLine(
            $"{rate:0} packets per second under load, {queue.Packets} packets, {queue.Waits} sleeps, "
            + $"{queue.Interrupts} interrupts");
}
