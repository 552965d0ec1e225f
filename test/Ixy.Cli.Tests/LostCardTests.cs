using System.Text.Json;

namespace Ixy.Cli.Tests;

/// <summary>
/// A card that leaves while a command runs ends the command in good order: exit code 1, the reason, and the report.
/// </summary>
public sealed class LostCardTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-lost-");

    [Theory]
    [InlineData(
        "fwd", "sim:ixgbe,wire=generator,rate=10kpps,fault=gone@2000rx", "sim:virtio,wire=generator,rate=10kpps")]
    [InlineData(
        "fwd", "sim:virtio,wire=generator,rate=10kpps", "sim:virtio,wire=generator,rate=10kpps,fault=gone@200ms")]
    [InlineData(
        "fwd", "sim:ixgbe,wire=generator,rate=10kpps", "sim:ixgbe,wire=generator,rate=10kpps,fault=gone@2000rx",
        "--interrupts")]
    [InlineData("pktgen", "sim:ixgbe,wire=loopback,fault=gone@2000tx", "--rate", "10kpps")]
    [InlineData("pcap", "sim:virtio,wire=generator,rate=10kpps,fault=gone@2000rx", "{0}/out.pcapng")]
    [InlineData("replay", "{0}/in.pcapng", "sim:ixgbe,wire=loopback,fault=gone@200tx")]
    public void ThereIsAReportAllTheSame(string command, params string[] arguments)
    {
        CaptureFiles.Write(
            Path.Combine(_directory.FullName, "in.pcapng"),
            Enumerable.Range(0, 4000).Select(i => CaptureFiles.Frame(60, (byte)i)), gap: 1_000_000);
        var report = Lose(command, "", [.. arguments, "--duration", "9s", "--virtual-time"]);
        // The card was there for less than a second; a watch or a counter noticed within a few more.
        Assert.InRange(report.GetProperty("durationSeconds").GetDouble(), 0.01, 8);
        Assert.True(report.GetProperty("packetsPerSecond").GetDouble() > 0);
        if (command != "pcap") return;
        Assert.NotEmpty(CaptureFiles.Frames(Path.Combine(_directory.FullName, "out.pcapng")));
    }

    [Theory]
    [InlineData("30ms", "fwd", "sim:ixgbe,wire=generator,rate=10kpps", "sim:ixgbe,wire=generator,{1}")]
    [InlineData("30ms", "fwd", "sim:ixgbe,wire=generator,{1}", "sim:virtio,wire=generator", "--interrupts")]
    [InlineData("20ms", "pktgen", "sim:ixgbe,wire=loopback,{1}", "--rate", "10kpps")]
    [InlineData("20ms", "pcap", "sim:ixgbe,wire=generator,{1}", "{0}/out.pcapng")]
    public void ThereIsOneOfACardThatLeavesWhileItsLinkIsAwaited(string when, string command, params string[] arguments)
    {
        var report = Lose(command, when, [.. arguments, "--duration", "9s", "--virtual-time"]);
        Assert.Equal(0, report.GetProperty("durationSeconds").GetDouble());
        Assert.Equal(0, report.GetProperty("packetsPerSecond").GetDouble());
    }

    // Links are up after 40 ms, and 50 ms without a packet end the run.
    [Theory]
    [InlineData("170ms", "fwd", "sim:ixgbe,wire=generator,rate=10kpps", "sim:ixgbe,wire=generator,{1}")]
    [InlineData("170ms", "fwd", "sim:ixgbe,wire=generator,{1}", "sim:virtio,wire=generator", "--interrupts")]
    [InlineData("160ms", "pktgen", "sim:ixgbe,wire=loopback,{1}", "--rate", "10kpps")]
    [InlineData("120ms", "pcap", "sim:virtio,wire=generator,rate=10kpps,{1}", "{0}/out.pcapng")]
    public void ThereIsOneOfACardThatLeavesAtTheEnd(string when, string command, params string[] arguments)
    {
        var report = Lose(command, when, [.. arguments, "--duration", "100ms", "--virtual-time"]);
        Assert.Equal(0.1, report.GetProperty("durationSeconds").GetDouble(), tolerance: 0.01);
    }

    // Interrupts alone would never reveal it: the loop sleeps.
    [Fact]
    public void InRealTimeThereIsAReportToo()
    {
        const string Card = "sim:virtio,wire=generator,rate=1kpps";
        var report = Lose("fwd", "2000rx", Card, $"{Card},{{1}}", "--interrupts", "--duration", "40s");
        Assert.InRange(report.GetProperty("durationSeconds").GetDouble(), 0.1, 35);
        Assert.InRange(report.Device(1).Number("rxPackets"), 1, 2000);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    // The report of a run that ended because its card is gone.
    private JsonElement Lose(string command, string when, params string[] arguments)
    {
        string[] filled = [.. arguments.Select(
            argument => argument.Replace("{0}", _directory.FullName).Replace("{1}", $"fault=gone@{when}"))];
        var (exitCode, output, error) = IxyProcess.Run([command, .. filled, "--json"]);
        Assert.True(exitCode == 1, error);
        Assert.Contains("no longer answers", Assert.Single(error.Split('\n'), IsReason));
        var report = JsonDocument.Parse(output.TrimEnd('\n').Split('\n')[^1]).RootElement;
        string note = Assert.Single(report.GetProperty("notes").EnumerateArray()).GetString()!;
        Assert.Contains("no longer answers", note);
        // The run did not end because of a stuck ring, and nothing says that packets kept arriving.
        Assert.DoesNotContain("transmit ring", error);
        Assert.DoesNotContain("kept arriving", error);
        return report;
    }

    private static bool IsReason(string line) =>
        line.StartsWith("ixy: ", StringComparison.Ordinal) && !line.StartsWith("ixy: note: ", StringComparison.Ordinal);
}
