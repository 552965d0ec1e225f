using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Ixy.Cli.Tests;

/// <summary><c>ixy trace</c> of runs that do not end by themselves.</summary>
public sealed class TraceCommandTests
{
    private const string Forever = "fwd sim:ixgbe,wire=generator sim:ixgbe,wire=loopback --virtual-time";

    [Fact]
    public void ItPrintsWhileTheRunGoesOnAndEndsWithControlC()
    {
        using var trace = IxyProcess.Start(
            "trace", "--", "fwd", "sim:ixgbe,wire=generator,rate=100pps", "sim:ixgbe,wire=loopback");
        trace.WaitForOutput("wire sent");
        Assert.DoesNotContain("forwarded", trace.Output);
        trace.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, trace.WaitForExit());
        AssertNothingWrong(trace.Error);
        Assert.Matches(@"\nforwarded \d+ packets", trace.Output);
        // The cards are shut down in good order, and the trace shows it.
        Assert.Contains("memory unmapped", trace.Output);
    }

    // While the cards are being set up, and later.
    [Theory]
    [InlineData(3)]
    [InlineData(10_000)]
    public void ItEndsWhenItsReaderHasEnough(int lines)
    {
        using var shell = IxyProcess.StartOther(
            "bash", "-c",
            $"dotnet exec '{IxyProcess.Program}' trace -- {Forever} | head -n {lines} | wc -l; echo ${{PIPESTATUS[0]}}");
        Assert.Equal(0, shell.WaitForExit());
        Assert.Equal($"{lines}\n0\n", shell.Output);
        AssertNothingWrong(shell.Error);
    }

    // More events than would fit into the allowed memory if they were kept: each takes 100 bytes or more.
    [Fact]
    public void ALongTraceNeedsNoMoreMemoryThanAShortOne()
    {
        const int Most = 24 << 20;
        using var shell = IxyProcess.StartOther(
            "bash", "-c",
            $"DOTNET_GCHeapHardLimit={Most:x} dotnet exec '{IxyProcess.Program}' trace -- fwd "
            + "sim:ixgbe,wire=generator,count=40000 sim:ixgbe,wire=loopback --virtual-time --duration 5ms | "
            + "grep -c ' card '; echo ${PIPESTATUS[0]}");
        Assert.Equal(0, shell.WaitForExit(TimeSpan.FromMinutes(3)));
        AssertNothingWrong(shell.Error);
        var printed = Regex.Match(shell.Output, @"^(\d+)\n0\n$");
        Assert.True(printed.Success, shell.Output);
        Assert.InRange(int.Parse(printed.Groups[1].Value), Most / 80, int.MaxValue);
    }

    // There may be a note about huge pages.
    private static void AssertNothingWrong(string error) => Assert.All(
        error.Split('\n', StringSplitOptions.RemoveEmptyEntries),
        line => Assert.StartsWith("ixy: note: ", line, StringComparison.Ordinal));
}
