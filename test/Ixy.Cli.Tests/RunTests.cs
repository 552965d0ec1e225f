using System.Runtime.InteropServices;
using System.Text.Json;

namespace Ixy.Cli.Tests;

/// <summary>How a run starts, shows its progress and ends.</summary>
public sealed class RunTests
{
    private const string Slow = "sim:ixgbe,wire=generator,rate=10kpps";

    [Theory]
    [Trait("needs", "time")]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    public void ASignalEndsTheRunWithItsSummary(PosixSignal signal)
    {
        using var ixy = IxyProcess.Start("fwd", Slow, Slow);
        ixy.WaitForOutput("     1  sim:"); // the first second
        ixy.Signal(signal);
        Assert.Equal(0, ixy.WaitForExit());
        Assert.Matches(@"forwarded [1-9][\d,]* packets in \d+\.\d\d s", ixy.Output);
        Assert.Contains("the packet threads allocated 0 bytes; 0 garbage collections", ixy.Output);
        Assert.Equal("", WithoutNotes(ixy.Error));
    }

    // timeout(1) signals the process, and then its whole group.
    [Fact]
    [Trait("needs", "time")]
    public void TwoSignalsInARowLeaveTheSummaryToo()
    {
        using var ixy = IxyProcess.Start("fwd", Slow, Slow);
        ixy.WaitForOutput("     1  sim:");
        ixy.Signal(PosixSignal.SIGINT);
        ixy.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, ixy.WaitForExit());
        Assert.Contains("\nforwarded ", ixy.Output);
    }

    [Fact]
    public void ALaterSignalEndsTheProcessAtOnce()
    {
        var clock = new ManualClock();
        using var stop = new StopRequest(clock);
        Assert.True(IsHeldBack(stop));
        clock.Now += TimeSpan.FromMilliseconds(499);
        Assert.True(IsHeldBack(stop));
        clock.Now += TimeSpan.FromMilliseconds(1);
        Assert.False(IsHeldBack(stop));
        Assert.True(stop.IsRequested);
    }

    private static bool IsHeldBack(StopRequest stop)
    {
        var signal = new PosixSignalContext(PosixSignal.SIGINT);
        stop.OnSignal(signal);
        return signal.Cancel;
    }

    [Fact]
    [Trait("needs", "time")]
    public void ASignalEndsTheWaitForALink()
    {
        using var ixy = IxyProcess.Start("fwd", "sim:ixgbe", "sim:ixgbe");
        ixy.WaitForOutput("sim:ixgbe: ixgbe, MAC address");
        ixy.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
        Assert.Contains("forwarded 0 packets", ixy.Output);
    }

    [Fact]
    [Trait("needs", "time")]
    public void ASignalLeavesTheJsonObjectToo()
    {
        using var ixy = IxyProcess.Start("pktgen", "sim:ixgbe,wire=loopback", "--rate", "1kpps", "--json");
        ixy.WaitForError("     1  sim:");
        ixy.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, ixy.WaitForExit());
        Assert.Equal("pktgen", JsonDocument.Parse(ixy.Output).RootElement.GetProperty("command").GetString());
    }

    // What the far end would have sent is unknown.
    [Fact]
    public void WhoIsStoppedBeforeItMeasuresSaysSo()
    {
        using var ixy = IxyProcess.Start("fwd", "sim:ixgbe", Slow);
        ixy.WaitForOutput("MAC address");
        ixy.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, ixy.WaitForExit());
        Assert.Contains("\nstopped before the measured time began\nsim:ixgbe: it has no link\n", ixy.Output);
        Assert.DoesNotContain("nothing", ixy.Output);
    }

    [Fact]
    [Trait("needs", "time")]
    public void OutputInAFileIsAlignedLinesWithoutControlCharacters()
    {
        var (exitCode, output, _) = IxyProcess.Run("fwd", Slow, "sim:ixgbe,wire=loopback", "--duration", "2100ms");
        Assert.Equal(0, exitCode);
        Assert.DoesNotContain(output, character => char.IsControl(character) && character != '\n');
        string[] lines = output.Split('\n');
        int header = Array.FindIndex(lines, line => line.StartsWith("second  device", StringComparison.Ordinal));
        Assert.EndsWith("RX Mpps  RX Mbit/s    TX Mpps  TX Mbit/s  dropped/s", lines[header]);
        // Two devices, two seconds.
        for (int i = 1; i <= 4; i++)
        {
            string line = lines[header + i];
            Assert.Equal(lines[header].Length, line.Length);
            const string Mpps = @"\d\.\d\d(?:\d{4})?", Megabits = @"\d+(?:\.\d\d)?";
            Assert.Matches(
                $@"^     {(i + 1) / 2}  sim:ixgbe,wire=\S+ +{Mpps} +{Megabits} +{Mpps} +{Megabits} +\d+$", line);
        }
    }

    // As in the metrics: the first card has the specifier as its name, the second one a number as well.
    [Fact]
    [Trait("needs", "time")]
    public void TwoCardsWithTheSameSpecifierAreToldApartEverywhere()
    {
        var (exitCode, output, _) = IxyProcess.Run("fwd", Slow, Slow, "--duration", "3s");
        Assert.Equal(0, exitCode);
        string[] lines = output.Split('\n');
        // The cards, the first second, the counters and the wires.
        string[] beginnings = ["", "     1  ", "", ""];
        Assert.Equal(
            beginnings.SelectMany(beginning => new[] { $"{beginning}{Slow}", $"{beginning}{Slow}#2" }),
            lines.Where(line => line.Contains(Slow, StringComparison.Ordinal) && !IsLaterSecond(line))
            .Select(line => line[..(line.IndexOf("sim:", StringComparison.Ordinal)
                + line[line.IndexOf("sim:", StringComparison.Ordinal)..].IndexOfAny([' ', ':'], "sim:".Length))]));
    }

    // Long enough for the first second to be shown even on a busy machine; later seconds may or may not be shown.
    private static bool IsLaterSecond(string line) =>
        line.StartsWith("     2  ", StringComparison.Ordinal) || line.StartsWith("     3  ", StringComparison.Ordinal);

    [SkippableFact]
    [Trait("needs", "time")]
    public void OnATerminalTheRatesAreATable()
    {
        Skip.IfNot(File.Exists("/usr/bin/script"), "script(1), which makes a terminal, is not installed");
        string command =
            $"env TERM=xterm-256color dotnet exec '{IxyProcess.Program}' fwd {Slow} {Slow} --duration 3s";
        using var script = IxyProcess.StartOther("script", "-qec", command, "/dev/null");
        Assert.Equal(0, script.WaitForExit());
        Assert.Contains("\e[", script.Output);
        Assert.Contains("│", script.Output);
        Assert.Contains("Mbit/s", script.Output);
        Assert.Contains("second 1", script.Output);
        Assert.Contains("forwarded", script.Output);
    }

    [Fact]
    public void TheJsonObjectHasEveryFieldOfTheContract()
    {
        var result = IxyProcess.Run("fwd", Slow, Slow, "--duration", "500ms", "--json");
        var report = JsonReport.Of(result);
        Assert.Equal("fwd", report.GetProperty("command").GetString());
        Assert.InRange(report.GetProperty("durationSeconds").GetDouble(), 0.3, 10);
        Assert.InRange(report.GetProperty("packetsPerSecond").GetDouble(), 100, 25_000);
        Assert.Equal(0, report.Number("allocatedBytes"));
        Assert.Equal(0, report.Number("gcCollections"));
        var devices = report.GetProperty("devices").EnumerateArray().ToList();
        Assert.Equal(2, devices.Count);
        Assert.Equal([Slow, $"{Slow}#2"], devices.Select(device => device.GetProperty("device").GetString()));
        Assert.All(devices, device =>
        {
            Assert.Equal("ixgbe", device.GetProperty("driver").GetString());
            Assert.All(new[] { "rxPackets", "txPackets", "rxBytes", "txBytes", "rxDropped", "txDropped" },
                name => device.Number(name));
            Assert.All(new[] { "sent", "received", "lost", "reordered", "duplicated", "corrupted" },
                name => device.GetProperty("wire").Number(name));
            Assert.Equal(JsonValueKind.Array, device.GetProperty("violations").ValueKind);
        });
        // With --json, standard output is only the object.
        Assert.Single(result.Output.TrimEnd('\n').Split('\n'));
        Assert.Contains("forwarded", result.Error);
    }

    // Missing huge pages are not an error here, only slower.
    private static string WithoutNotes(string error) =>
        string.Join('\n', error.Split('\n').Where(line => !line.StartsWith("ixy: note: ", StringComparison.Ordinal)));
}
