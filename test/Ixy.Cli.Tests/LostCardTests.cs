using System.Text.Json;

namespace Ixy.Cli.Tests;

/// <summary>
/// A card that leaves while a command runs ends it in order: exit code 1, the reason, and the report.
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
        string[] filled = [.. arguments.Select(argument => argument.Replace("{0}", _directory.FullName))];
        var (exitCode, output, error) = IxyProcess.Run(
            [command, .. filled, "--duration", "9s", "--virtual-time", "--json"]);
        Assert.True(exitCode == 1, error);
        Assert.Contains("no longer answers", Assert.Single(error.Split('\n'), IsReason));
        var report = JsonDocument.Parse(output.TrimEnd('\n').Split('\n')[^1]).RootElement;
        string note = Assert.Single(report.GetProperty("notes").EnumerateArray()).GetString()!;
        Assert.Contains("no longer answers", note);
        // The card was there for less than a second, and a watch or a counter has noticed a few seconds later at most.
        Assert.InRange(report.GetProperty("durationSeconds").GetDouble(), 0.01, 8);
        Assert.True(report.GetProperty("packetsPerSecond").GetDouble() > 0);
        // What ended it is no ring that is stuck, and nobody says that packets kept arriving.
        Assert.DoesNotContain("transmit ring", error);
        Assert.DoesNotContain("kept arriving", error);
        if (command != "pcap") return;
        Assert.NotEmpty(CaptureFiles.Frames(Path.Combine(_directory.FullName, "out.pcapng")));
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static bool IsReason(string line) =>
        line.StartsWith("ixy: ", StringComparison.Ordinal) && !line.StartsWith("ixy: note: ", StringComparison.Ordinal);
}
