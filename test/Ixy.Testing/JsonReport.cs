using System.Text.Json;

namespace Ixy.Testing;

/// <summary>The last line that a run with <c>--json</c> writes to standard output.</summary>
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

    /// <summary>Asserts that no packet was lost, and everything that <see cref="AssertSound"/> does.</summary>
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
    /// For a forwarder between two generators: asserts that every frame sent either came out of the other card or was
    /// counted as lost, and everything that <see cref="AssertSound"/> does. This holds however busy the machine is.
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
    /// Asserts what must hold even on a busy machine: no packet reordered, duplicated or corrupted, no rule broken,
    /// nothing allocated.
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
        // In virtual time, allocations cannot be attributed.
        if (report.GetProperty("allocatedBytes") is { ValueKind: JsonValueKind.Number } bytes && bytes.GetInt64() != 0)
            faults.Add($"{bytes} bytes allocated");
        Assert.Empty(faults);
    }
}
