using System.Runtime.InteropServices;

namespace Ixy.Cli.Tests;

/// <summary>
/// <c>--virtual-time</c>: the same seed gives the same bytes, whatever else the machine does, and times and rates are
/// exact.
/// </summary>
public sealed class VirtualTimeTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-virtual-");

    private static readonly string[] s_virtual = ["--virtual-time", "--json", "--seed"];

    // Trace and capture reveal the order: which of three threads rings a doorbell first is specified nowhere.
    [Theory]
    [InlineData(
        "fwd", "sim:ixgbe,wire=generator,flows=16,rate=3Mpps,trace={0}.trace", "sim:ixgbe,wire=pcap:>{0}.pcapng",
        "--queues", "3", "--checked")]
    [InlineData(
        "fwd", "sim:ixgbe,wire=generator,flows=16,rate=500kpps",
        "sim:virtio,queues=2,wire=pcap:>{0}.pcapng,trace={0}.trace", "--queues", "2", "--interrupts", "--batch", "7")]
    [InlineData("pktgen", "sim:ixgbe,wire=pcap:>{0}.pcapng,trace={0}.trace", "--rate", "2Mpps")]
    [InlineData(
        "pcap", "sim:ixgbe,wire=generator,rate=1Mpps,trace={0}.trace", "sim:virtio,wire=generator,rate=333kpps",
        "{0}.pcapng")]
    [InlineData("replay", "{0}/../in.pcapng", "sim:ixgbe,wire=pcap:>{0}.pcapng,trace={0}.trace", "--speed", "3x")]
    public void TheSameSeedIsTheSameRun(string command, params string[] arguments)
    {
        CaptureFiles.Write(
            Path.Combine(_directory.FullName, "in.pcapng"),
            Enumerable.Range(0, 2000).Select(i => CaptureFiles.Frame(60 + i % 100, (byte)i)), 10_000);
        var first = Run("7", "first");
        using (new Busy())
        {
            var second = Run("7", "second");
            Assert.Equal(first.Report, second.Report);
            Assert.Equal(first.Trace, second.Trace);
            Assert.Equal(first.Capture, second.Capture);
        }
        // With one loop and one card nothing is drawn by lot, unless both have a turn at exactly the same time.
        if (command != "replay") Assert.NotEqual(first.Capture, Run("8", "third").Capture);

        (string Report, string Trace, string Capture) Run(string seed, string name)
        {
            // The report contains file names, so each run uses the same names, in a folder of its own.
            var folder = _directory.CreateSubdirectory(name);
            string[] filled = [
                .. arguments.Select(argument => argument.Replace("{0}/..", _directory.FullName).Replace("{0}", "run"))];
            using var ixy = IxyProcess.StartOther(
                "env", ["-C", folder.FullName, "dotnet", "exec", IxyProcess.Program, command, .. filled, "--duration",
                "20ms", .. s_virtual, seed]);
            Assert.True(ixy.WaitForExit() == 0, ixy.Error);
            return (ixy.Output, File.ReadAllText(Path.Combine(folder.FullName, "run.trace")),
                Convert.ToHexString(File.ReadAllBytes(Path.Combine(folder.FullName, "run.pcapng"))));
        }
    }

    // By hand: a million frames per second in each direction for a second; at 30 ns per packet and 50 ns per poll there
    // is time for 31 per microsecond, so only frames that have just arrived are not forwarded at the end.
    [Fact]
    public void TheReportIsExact()
    {
        const string Device = "sim:ixgbe,wire=generator,rate=1Mpps";
        var report = JsonReport.Of(IxyProcess.Run(["fwd", Device, Device, "--duration", "1s", .. s_virtual, "7"]));
        report.AssertFaultless();
        Assert.Equal(1, report.GetProperty("durationSeconds").GetDouble());
        for (int i = 0; i < 2; i++)
            Assert.Equal((1_000_000, 1_000_000), (report.Wire(i).Number("sent"), report.Wire(i).Number("received")));
        Assert.InRange(report.GetProperty("packetsPerSecond").GetDouble(), 1_999_990, 2_000_000);
        Assert.Equal(7, report.GetProperty("virtualTime").Number("seed"));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, report.GetProperty("allocatedBytes").ValueKind);
    }

    // Both directions are at line rate, 14.88 Mpps; the loop needs 100 ns for each packet and 50 ns for a batch of 32
    // or more: 9.85 Mpps at most.
    [Fact]
    public void WhatTheWorkCostsLimitsTheRate()
    {
        const string Device = "sim:ixgbe,wire=generator,rate=10G";
        var report = JsonReport.Of(
            IxyProcess.Run(
                ["fwd", Device, Device, "--duration", "100ms", "--packet-time", "100ns", .. s_virtual, "7"]));
        Assert.InRange(
            report.GetProperty("packetsPerSecond").GetDouble(), 64 / (64 * 100e-9 + 50e-9) * 0.999,
            64 / (64 * 100e-9 + 50e-9) * 1.001);
        for (int i = 0; i < 2; i++)
        {
            // One in the first of the cards' 100,000 turns, and 14.88 in each of the others.
            Assert.Equal(1_488_081, report.Wire(i).Number("sent"));
            report.AssertAccountedFor();
            Assert.True(report.Device(i).Number("rxMissed") > 0);
        }
    }

    [Fact]
    public void TheLinesOfTheSecondsAreThereToo()
    {
        var (exitCode, output, error) = IxyProcess.Run(
            "fwd", "sim:ixgbe,wire=generator,rate=10kpps,link-delay=2s", "sim:ixgbe,wire=loopback", "--duration", "3s",
            "--virtual-time");
        Assert.True(exitCode == 0, error);
        for (int second = 1; second <= 2; second++)
            Assert.Contains(
                $"     {second}  sim:ixgbe,wire=generator,rate=10kpps,link-delay=2s   0.010000       6.72", output);
        Assert.Contains("virtual time, seed 0: 30 ns per packet, 50 ns per poll, 5000 ns to wake up", output);
    }

    [Theory]
    [InlineData(
        1, "0000:03:00.0 runs in real time", "fwd", "sim:ixgbe,wire=loopback", "0000:03:00.0", "--virtual-time")]
    [InlineData(1, "vfio-user:/tmp/x runs in real time", "pktgen", "vfio-user:/tmp/x", "--virtual-time")]
    [InlineData(
        1, "wire=tap:ixy0 leads to this machine, which runs in real time", "pktgen", "sim:ixgbe,wire=tap:ixy0",
        "--virtual-time")]
    [InlineData(
        2, "--metrics: they are asked for in real time", "fwd", "a", "b", "--virtual-time", "--metrics", "0")]
    [InlineData(2, "--seed: expected with --virtual-time only", "fwd", "a", "b", "--seed", "7")]
    [InlineData(2, "--seed: '-1' is not a seed", "fwd", "a", "b", "--virtual-time", "--seed", "-1")]
    [InlineData(
        2, "--packet-time: '0ns' is not a time that work takes", "fwd", "a", "b", "--virtual-time", "--packet-time",
        "0ns")]
    [InlineData(
        2, "--wake-time: '5' is not a time that work takes", "pcap", "a", "b", "--virtual-time", "--wake-time", "5")]
    public void WhatCannotBeIsAnswered(int exitCode, string contains, params string[] arguments) =>
        IxyProcess.AssertOneLine(IxyProcess.Run(arguments), exitCode, contains);

    [Fact]
    public void ASignalEndsTheRun()
    {
        const string Device = "sim:ixgbe,wire=generator,rate=1kpps";
        using var ixy = IxyProcess.Start("fwd", Device, Device, "--virtual-time");
        ixy.WaitForOutput("     1  sim:");
        ixy.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
        Assert.Matches(@"forwarded [1-9][\d,]* packets in \d+\.\d\d s", ixy.Output);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>One thread per core that computes all the time.</summary>
    private sealed class Busy : IDisposable
    {
        private readonly Thread[] _threads;
        private volatile bool _isOver;

        internal Busy()
        {
            _threads = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Run))];
            foreach (var thread in _threads) thread.Start();
        }

        public void Dispose()
        {
            _isOver = true;
            foreach (var thread in _threads) thread.Join();
        }

        private void Run()
        {
            while (!_isOver) Thread.SpinWait(1000);
        }
    }
}
