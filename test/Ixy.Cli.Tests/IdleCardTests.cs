using System.Diagnostics;
using System.Globalization;
using Xunit.Abstractions;

namespace Ixy.Cli.Tests;

/// <summary>
/// What <c>ixy sim</c> costs while no packets pass: how often its threads wake up, and their processor time, which
/// depends on the machine: a wake-up alone costs 20 to 60 microseconds.
/// </summary>
[Trait("needs", "time")]
public sealed class IdleCardTests(ITestOutputHelper log) : IDisposable
{
    // The kernel counts in hundredths of a second; a run of 10 s tells 0.1 % from 0.2 %.
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
        var alone = Measure(sim, "without a client");
        using (var device = NetworkDevice.Open($"vfio-user:{socket}", new()))
        {
            Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
            var idle = Measure(sim, "with a client that does nothing");
            // A card's 4 and 250, and some of the runtime's own.
            Assert.InRange(alone.WakeUps, 0, 20);
            Assert.InRange(idle.WakeUps, 0, 280);
            // 0.1 % and less than 1 % where nothing else runs, three times that on a busy machine; it was 13 % once.
            Assert.InRange(alone.Share, 0, 0.01);
            Assert.InRange(idle.Share, 0, 0.03);
            // It wakes up when there is something to do.
            var batch = new Packet[1];
            Assert.True(device.ReceiveQueues[0].Pool.TryAllocate(out batch[0]));
            batch[0].Length = 60;
            Assert.Equal(1, device.Transmit(batch));
            Assert.True(device.PciDevice.WaitUntil(() => device.TransmitQueues[0].IsDrained, TimeSpan.FromSeconds(10)));
        }
    }

    public void Dispose() => _directory.Delete(recursive: true);

    // The share of a core it uses, and its wake-ups per second, once the JIT has settled.
    private (double Share, double WakeUps) Measure(IxyProcess process, string what)
    {
        Thread.Sleep(s_settling);
        double processor = ProcessorSeconds(process.Id);
        var before = WakeUps(process.Id);
        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(s_time);
        double time = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double share = (ProcessorSeconds(process.Id) - processor) / time;
        double wakeUps = WakeUps(process.Id).Sum(one => one.Value - before.GetValueOrDefault(one.Key)) / time;
        log.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what}: {share:P2} of a core, {wakeUps:0} wake-ups a second"));
        return (share, wakeUps);
    }

    // How often each of its threads has slept.
    private static Dictionary<string, long> WakeUps(int process)
    {
        var counts = new Dictionary<string, long>();
        foreach (string thread in Directory.GetDirectories($"/proc/{process}/task"))
        {
            string? count = Read(Path.Combine(thread, "status"))
                .FirstOrDefault(line => line.StartsWith("voluntary_ctxt_switches:", StringComparison.Ordinal));
            if (count is not null) counts[thread] = long.Parse(count.Split('\t')[1], CultureInfo.InvariantCulture);
        }
        return counts;
    }

    private static string[] Read(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            // The thread has just ended.
            return [];
        }
    }

    // proc(5): behind the name, which may have spaces, utime and stime are the fields 12 and 13.
    private static double ProcessorSeconds(int process)
    {
        string[] fields = File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ');
        return fields[11..13].Sum(field => long.Parse(field, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
