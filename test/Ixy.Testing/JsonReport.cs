using System.Text.Json;

namespace Ixy.Testing;

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

    /// <summary>Asserts that no packet was lost, and all of <see cref="AssertSound"/>.</summary>
    internal static void AssertFaultless(this JsonElement report)
    {
        report.AssertSound();
        Assert.All(report.GetProperty("devices").EnumerateArray(), device =>
        {
            Assert.All(new[] { "rxDropped", "rxMissed", "txDropped", "rxErrors" },
                name => Assert.Equal((name, 0), (name, device.Number(name))));
            Assert.Equal(0, device.GetProperty("wire").Number("lost"));
        });
    }

    /// <summary>
    /// Of a forwarder between two generators: every frame that was sent came out of the other card, or stands in a
    /// counter that says what became of it; and all of <see cref="AssertSound"/>. That holds however busy the machine
    /// is.
    /// </summary>
    internal static void AssertAccountedFor(this JsonElement report)
    {
        report.AssertSound();
        for (int i = 0; i < 2; i++)
        {
            long lost = report.Device(i).Number("rxDropped") + report.Device(1 - i).Number("txDropped");
            Assert.Equal(
                (report.Wire(i).Number("sent"), lost),
                (report.Wire(1 - i).Number("received") + lost, report.Wire(i).Number("lost")));
        }
    }

    /// <summary>
    /// Asserts what no lack of time excuses: no packet reordered, duplicated or corrupted, no rule broken, nothing
    /// allocated.
    /// </summary>
    internal static void AssertSound(this JsonElement report)
    {
        var faults = new List<string>();
        foreach (var device in report.GetProperty("devices").EnumerateArray())
        {
            faults.AddRange(
                device.GetProperty("violations").EnumerateArray().Select(violation => violation.ToString()));
            faults.AddRange(new[] { "reordered", "duplicated", "corrupted" }
                .Where(name => device.GetProperty("wire").Number(name) != 0)
                .Select(name => $"{device.GetProperty("wire").Number(name)} {name}"));
        }
        // In virtual time nobody knows whose memory it is.
        if (report.GetProperty("allocatedBytes") is { ValueKind: JsonValueKind.Number } bytes && bytes.GetInt64() != 0)
            faults.Add($"{bytes} bytes allocated");
        Assert.Empty(faults);
    }
}
