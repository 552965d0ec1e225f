using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Ixy.Cli.Tests;

/// <summary>
/// Real traffic: two hosts (network namespaces) connected only by two simulated cards and <c>ixy fwd</c>.
/// </summary>
[Trait("needs", "root")]
[Trait("needs", "time")]
public sealed class NetworkNamespaceTests
{
    private const string LeftAddress = "10.82.60.1", RightAddress = "10.82.60.2";

    [SkippableFact]
    public void ThousandPingsOfAllSizesPass()
    {
        using var network = new Network();
        int[] sizes = [64, 65, 128, 256, 511, 512, 1000, 1400, 1471, 1472];
        foreach (int size in sizes)
        {
            // With -w, ping continues until 100 requests are answered or the time is over. On a busy machine a queue on
            // the way may overflow, and ping sends another request; a late reply may still come after the hundredth.
            string report = Tool.Run("ip", "netns", "exec", network.Left.Name,
                "ping", "-q", "-c", "100", "-i", "0.002", "-w", "30", "-s", $"{size}", "-M", "do", RightAddress);
            var received = Regex.Match(report, " ([0-9]+) received, ");
            Assert.True(received.Success && int.Parse(received.Groups[1].Value) >= 100, report);
        }
        var summary = network.Stop();
        // Echo requests in one direction, replies in the other.
        for (int i = 0; i < 2; i++) Assert.InRange(summary.Device(i).Number("rxPackets"), 1000, 2000);
    }

    [SkippableFact]
    public void TcpRunsForTenSecondsWithoutAnError()
    {
        Skip.IfNot(Tool.Exists("iperf3"), "iperf3 is not installed (apt install iperf3)");
        using var network = new Network();
        using var server = IxyProcess.StartOther(
            "ip", "netns", "exec", network.Right.Name, "iperf3", "--server", "--one-off", "--forceflush");
        server.WaitForOutput("Server listening");
        string output = Tool.Run(
            "ip", "netns", "exec", network.Left.Name, "iperf3", "--client", RightAddress, "--time", "10", "--json");
        Assert.Equal(0, server.WaitForExit());
        var report = JsonDocument.Parse(output).RootElement;
        Assert.False(report.TryGetProperty("error", out var error), $"iperf3: {error}");
        var received = report.GetProperty("end").GetProperty("sum_received");
        Assert.InRange(received.GetProperty("seconds").GetDouble(), 9.5, 20);
        Assert.True(
            received.GetProperty("bytes").GetDouble() > 10e6, $"{received.GetProperty("bytes")} bytes in ten seconds");
        network.Stop();
    }

    /// <summary>Two namespaces, each with a TAP interface that is a card's wire, and ixy between the cards.</summary>
    private sealed class Network : IDisposable
    {
        private readonly IxyProcess _ixy;

        internal Network()
        {
            Tool.SkipUnlessRoot();
            Skip.IfNot(Tool.Exists("ip") && Tool.Exists("ping"),
                "ip or ping is not installed (apt install iproute2 iputils-ping)");
            Left = new TapNamespace();
            Right = new TapNamespace();
            _ixy = IxyProcess.Start(
                "fwd", $"sim:ixgbe,wire=tap:{Left.Interface}", $"sim:ixgbe,wire=tap:{Right.Interface}", "--json");
            // Interfaces exist once the cards are open, and packets pass once rates are shown.
            _ixy.WaitForError("RX Mpps");
            Left.Adopt($"{LeftAddress}/24");
            Right.Adopt($"{RightAddress}/24");
        }

        internal TapNamespace Left { get; }

        internal TapNamespace Right { get; }

        /// <summary>Ends ixy as Ctrl-C does. Returns its summary, in which the driver has broken no rule.</summary>
        internal JsonElement Stop()
        {
            _ixy.Signal(PosixSignal.SIGINT);
            var summary = JsonReport.Of((_ixy.WaitForExit(), _ixy.Output, _ixy.Error));
            Assert.All(summary.GetProperty("devices").EnumerateArray(),
                device => Assert.Empty(device.GetProperty("violations").EnumerateArray()));
            return summary;
        }

        public void Dispose()
        {
            _ixy.Dispose();
            Left.Dispose();
            Right.Dispose();
        }
    }
}
