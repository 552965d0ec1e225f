using Ixy.Vfio;

namespace Ixy.Cli.Tests;

/// <summary><c>ixy fwd --queues N</c>: a thread for each queue pair.</summary>
public sealed class QueueThreadTests
{
    [Theory]
    [Trait("needs", "time")]
    [InlineData(2, "")]
    [InlineData(3, "--checked")]
    public void NothingIsLostNorReorderedWithinAFlowAtAMillionPacketsPerSecond(int queues, string options)
    {
        const string Device = "sim:ixgbe,wire=generator,rate=1Mpps,flows=64";
        string[] more = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var report = JsonReport.Of(
            IxyProcess.Run(
            ["fwd", Device, Device, "--queues", $"{queues}", "--duration", "1s", "--virtual-time", "--json", .. more]));
        report.AssertFaultless();
        for (int i = 0; i < 2; i++)
            Assert.Equal(
                (1_000_000, 1_000_000), (report.Wire(i).Number("sent"), report.Wire(1 - i).Number("received")));
        Assert.InRange(report.GetProperty("packetsPerSecond").GetDouble(), 1_999_900, 2_000_000);
    }

    // Several threads, and one that plays the cards, on the available cores: a busy machine may not keep the rate, but
    // order must hold.
    [Theory]
    [InlineData(2, "")]
    [InlineData(3, "--checked")]
    public void InRealTimeNothingIsReorderedAndWhatIsLostIsCounted(int queues, string options)
    {
        const string Device = "sim:ixgbe,wire=generator,rate=1Mpps,flows=64";
        string[] more = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var report = JsonReport.Of(
            IxyProcess.Run(["fwd", Device, Device, "--queues", $"{queues}", "--duration", "1s", "--json", .. more]));
        report.AssertAccountedFor();
        for (int i = 0; i < 2; i++) Assert.True(report.Wire(i).Number("received") > 0);
    }

    // One thread for both queues, or all threads on one core, would fail this test.
    [Theory]
    [Trait("needs", "time")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void EachQueuePairHasAThreadThatIsTiedToACore(int queues)
    {
        using var ixy = IxyProcess.Start(
            "fwd", "sim:ixgbe,wire=generator,rate=10kpps", "sim:ixgbe,wire=loopback", "--queues", $"{queues}");
        ixy.WaitForOutput("RX Mpps");
        var threads = Directory.GetDirectories($"/proc/{ixy.Id}/task").Select(Describe)
            .Where(thread => thread.Name.StartsWith("packets")).ToList();
        ixy.Signal(System.Runtime.InteropServices.PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
        int[] cores = ThreadPlacement.ChooseCores(queues);
        Assert.Equal(
            Enumerable.Range(0, queues).Select(i => ($"packets {i}", $"{cores[i]}")),
            threads.OrderBy(thread => thread.Name));
    }

    // All threads share one core: what one waits for may be queued behind another that polls.
    [Fact]
    public void EvenWithASingleCorePacketsPass()
    {
        const string Device = "sim:ixgbe,wire=generator,rate=100kpps,flows=16";
        using var ixy = IxyProcess.StartOther(
            "taskset", "-c", $"{ThreadPlacement.AllowedCores()[0]}", "dotnet", "exec", IxyProcess.Program,
            "fwd", Device, Device, "--queues", "2", "--duration", "1s", "--json");
        int exitCode = ixy.WaitForExit();
        var report = JsonReport.Of((exitCode, ixy.Output, ixy.Error));
        report.AssertAccountedFor();
        for (int i = 0; i < 2; i++) Assert.True(report.Wire(i).Number("received") > 0);
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData("", "0xda565a6d")]
    [InlineData("--symmetric-rss", "0x5a6d5a6d")]
    public void TheKeyOfRssIsChosen(string option, string firstWord)
    {
        string trace = Path.GetTempFileName();
        try
        {
            string[] more = option.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string device = $"sim:ixgbe,wire=loopback,trace={trace}";
            JsonReport.Of(
                IxyProcess.Run(
                ["fwd", device, "sim:ixgbe,wire=loopback", "--queues", "2", "--duration", "100ms", "--json", .. more]));
            Assert.Contains(
                File.ReadLines(trace), line => line.Contains("RSSRK", StringComparison.Ordinal)
                && line.Contains(firstWord, StringComparison.OrdinalIgnoreCase));
        }
        finally
        {
            File.Delete(trace);
        }
    }

    private static (string Name, string Cores) Describe(string task)
    {
        string[] status = File.ReadAllLines(Path.Combine(task, "status"));
        string Value(string key) =>
            status.First(line => line.StartsWith(key, StringComparison.Ordinal)).Split('\t', 2)[1];
        return (Value("Name:"), Value("Cpus_allowed_list:"));
    }
}
