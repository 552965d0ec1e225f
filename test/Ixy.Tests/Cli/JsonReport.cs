using System.Text.Json;

namespace Ixy.Tests.Cli;

/// <summary>The last line of standard output of a run with <c>--json</c>.</summary>
internal static class JsonReport
{
    internal static JsonElement Of((int ExitCode, string Output, string Error) result)
    {
        Assert.True(result.ExitCode == 0, result.Error);
        string last = result.Output.TrimEnd('\n').Split('\n')[^1];
        return JsonDocument.Parse(last).RootElement;
    }

    internal static JsonElement Device(this JsonElement report, int index) => report.GetProperty("devices")[index];

    internal static JsonElement Wire(this JsonElement report, int index) => report.Device(index).GetProperty("wire");

    internal static long Number(this JsonElement element, string name) => element.GetProperty(name).GetInt64();

    /// <summary>Asserts that no packet was lost, reordered, duplicated or corrupted, and that the driver kept the rules.</summary>
    internal static void AssertFaultless(this JsonElement report)
    {
        Assert.All(report.GetProperty("devices").EnumerateArray(), device =>
        {
            Assert.Empty(device.GetProperty("violations").EnumerateArray());
            Assert.All(new[] { "rxDropped", "rxMissed", "txDropped", "rxErrors" }, name => Assert.Equal((name, 0), (name, device.Number(name))));
            var wire = device.GetProperty("wire");
            Assert.All(new[] { "lost", "reordered", "duplicated", "corrupted" }, name => Assert.Equal((name, 0), (name, wire.Number(name))));
        });
    }
}
