using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Ixy.Cli.Tests;

/// <summary><c>ixy fwd --interrupts</c>, as a user runs it: it sleeps, and still forwards what arrives.</summary>
public sealed class InterruptModeTests : IDisposable
{
    // A polling thread takes a whole core, or half of a shared one. An idle loop takes less than a fiftieth on a quiet
    // machine.
    private const double MostWhenIdle = 0.1;
    private const int Frames = 20;

    // At most a fifth of a second passes until the loop sleeps again, so every frame is the first one after idleness.
    private static readonly string s_trickle = $"wire=generator,rate=5pps,count={Frames}";
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(3), s_second = TimeSpan.FromSeconds(1);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-idle-");

    [Theory]
    [Trait("needs", "time")]
    [InlineData("ixgbe")]
    [InlineData("virtio")]
    [InlineData("virtio,packed=on")]
    public void AnIdleForwarderUsesHardlyAnyOfItsCoreAndLosesNothing(string card)
    {
        string device = $"sim:{card},{s_trickle}";
        using var ixy = IxyProcess.Start("fwd", device, device, "--interrupts", "--duration", "6s", "--json");
        ixy.WaitForError("RX Mpps");
        // The cards run in the same process and poll; only the forwarding thread counts.
        string thread = Directory.GetDirectories($"/proc/{ixy.Id}/task")
            .Single(task => File.ReadAllText(Path.Combine(task, "comm")).StartsWith("packets 0"));
        Assert.InRange(Share(() => ThreadTime(thread)), 0, MostWhenIdle);
        var report = JsonReport.Of((ixy.WaitForExit(), ixy.Output, ixy.Error));
        report.AssertFaultless();
        for (int i = 0; i < 2; i++)
            Assert.Equal((Frames, Frames), (report.Wire(i).Number("sent"), report.Wire(i).Number("received")));
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData("ixgbe")]
    [InlineData("virtio")]
    public void AWholeProcessThatIsIdleUsesHardlyAnyOfACore(string card)
    {
        using var left = StartCard("left", card, s_trickle);
        using var right = StartCard("right", card, s_trickle);
        using (var ixy = IxyProcess.Start(
            "fwd", Device("left"), Device("right"), "--interrupts", "--duration", "6s", "--json"))
        {
            ixy.WaitForError("RX Mpps");
            Assert.InRange(Share(() => ProcessTime(ixy.Id)), 0, MostWhenIdle);
            var report = JsonReport.Of((ixy.WaitForExit(), ixy.Output, ixy.Error));
            Assert.Equal(0, report.Number("allocatedBytes"));
            for (int i = 0; i < 2; i++)
                Assert.Equal(
                    (Frames, Frames), (report.Device(i).Number("rxPackets"), report.Device(i).Number("txPackets")));
        }
        foreach (var process in new[] { left, right })
        {
            process.Signal(PosixSignal.SIGTERM);
            var report = JsonReport.Of((process.WaitForExit(), process.Output, process.Error));
            Assert.Empty(report.GetProperty("violations").EnumerateArray());
            Assert.Equal(
                (Frames, Frames),
                (report.GetProperty("wire").Number("sent"), report.GetProperty("wire").Number("received")));
        }
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData("1Mpps", 1)]
    [InlineData("1Mpps", 2)]
    [InlineData("max", 1)]
    public void UnderLoadNothingIsLostEither(string rate, int queues)
    {
        string device = $"sim:ixgbe,wire=generator,rate={rate},flows=16";
        var report = JsonReport.Of(IxyProcess.Run(
            "fwd", device, device, "--interrupts", "--queues", $"{queues}", "--duration", "200ms", "--virtual-time",
            "--json"));
        report.AssertFaultless();
        for (int i = 0; i < 2; i++) Assert.True(report.Wire(i).Number("received") >= 200_000);
    }

    // In real time, as users run it: a busy machine may lose frames, but the counters must add up.
    [Theory]
    [InlineData("1Mpps", 2)]
    [InlineData("max", 1)]
    public void InRealTimeWhatIsLostUnderLoadIsCounted(string rate, int queues)
    {
        string device = $"sim:ixgbe,wire=generator,rate={rate},flows=16";
        var report = JsonReport.Of(
            IxyProcess.Run(
                "fwd", device, device, "--interrupts", "--queues", $"{queues}", "--duration", "1s", "--json"));
        report.AssertAccountedFor();
        for (int i = 0; i < 2; i++) Assert.True(report.Wire(i).Number("received") > 0);
    }

    [Fact]
    [Trait("needs", "time")]
    public void CtrlCWakesIt()
    {
        using var ixy = IxyProcess.Start("fwd", "sim:ixgbe,wire=loopback", "sim:virtio,wire=loopback", "--interrupts");
        ixy.WaitForOutput("RX Mpps");
        Thread.Sleep(s_second);
        long start = Stopwatch.GetTimestamp();
        ixy.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Fact]
    [Trait("needs", "time")]
    public void ACardThatIsKilledWakesIt()
    {
        using var left = StartCard("left", "ixgbe", "wire=loopback");
        using var right = StartCard("right", "virtio", "wire=loopback");
        using var ixy = IxyProcess.Start("fwd", Device("left"), Device("right"), "--interrupts");
        ixy.WaitForOutput("RX Mpps");
        Thread.Sleep(s_second);
        right.Kill();
        Assert.Equal(1, ixy.WaitForExit());
        Assert.Contains("its server has gone", ixy.Error);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static double Share(Func<double> seconds)
    {
        // The JIT may still be busy with code that has just started to run.
        Thread.Sleep(s_second);
        long start = Stopwatch.GetTimestamp();
        double before = seconds();
        Thread.Sleep(s_window);
        return (seconds() - before) / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // proc(5), schedstat: time on a core in nanoseconds.
    private static double ThreadTime(string task) =>
        long.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture) / 1e9;

    private static double ProcessTime(int id) => Directory.GetDirectories($"/proc/{id}/task").Sum(ThreadTime);

    private string Device(string name) => $"vfio-user:{Path.Combine(_directory.FullName, name)}";

    private IxyProcess StartCard(string name, string card, string wire)
    {
        var process = IxyProcess.Start(
            "sim", card, "--socket", Path.Combine(_directory.FullName, name), "--wire", wire["wire=".Length..],
            "--json");
        process.WaitForError("waiting for a client");
        return process;
    }
}
