using System.Globalization;
using Xunit.Abstractions;

namespace Ixy.Cli.Tests;

/// <summary>
/// What <c>ixy sim</c> costs while no packets pass, in processor time: unlike real time, it is the same on a busy
/// machine.
/// </summary>
[Trait("needs", "time")]
public sealed class IdleCardTests(ITestOutputHelper log) : IDisposable
{
    // The kernel counts in hundredths of a second; a run of 10 s can tell 0.1 % from 0.2 %.
    private const double TicksPerSecond = 100;
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(3), s_time = TimeSpan.FromSeconds(10);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-idle-");

    [Theory]
    [InlineData("ixgbe")]
    [InlineData("virtio")]
    public void ACardWithoutWorkCostsNextToNothing(string card)
    {
        string socket = Path.Combine(_directory.FullName, "card");
        using var sim = IxyProcess.Start("sim", card, "--socket", socket, "--wire", "generator,count=1");
        sim.WaitForOutput("waiting for a client");
        double alone = Measure(sim, "without a client");
        using (var device = NetworkDevice.Open($"vfio-user:{socket}", new()))
        {
            Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
            double idle = Measure(sim, "with a client that does nothing");
            // Usually 0.1 % and about 1 %; it once was 13 %. Values in between may come from the runtime itself.
            Assert.InRange(alone, 0, 0.02);
            Assert.InRange(idle, 0, 0.05);
            // It wakes up when there is something to do.
            var batch = new Packet[1];
            Assert.True(device.ReceiveQueues[0].Pool.TryAllocate(out batch[0]));
            batch[0].Length = 60;
            Assert.Equal(1, device.Transmit(batch));
            Assert.True(device.PciDevice.WaitUntil(() => device.TransmitQueues[0].IsDrained, TimeSpan.FromSeconds(10)));
        }
    }

    public void Dispose() => _directory.Delete(recursive: true);

    // The share of a core it uses, once the JIT has settled.
    private double Measure(IxyProcess process, string what)
    {
        Thread.Sleep(s_settling);
        double before = ProcessorSeconds(process.Id);
        Thread.Sleep(s_time);
        double share = (ProcessorSeconds(process.Id) - before) / s_time.TotalSeconds;
        log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {share:P2} of a core"));
        return share;
    }

    // proc(5): after the name, which may contain spaces, utime and stime are fields 12 and 13.
    private static double ProcessorSeconds(int process)
    {
        string[] fields = File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ');
        return fields[11..13].Sum(field => long.Parse(field, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
