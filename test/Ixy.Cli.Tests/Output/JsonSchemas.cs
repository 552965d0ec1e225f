using System.Text.Json;
using Json.Schema;

namespace Ixy.Cli.Tests.Output;

/// <summary>What <c>docs/schemas</c> promises about the JSON that commands print.</summary>
internal static class JsonSchemas
{
    /// <summary>A schema for each command that prints JSON.</summary>
    internal static string Folder { get; } = Path.Combine(FindRoot(), "docs/schemas");

    /// <summary>Asserts that the text is one object that fits the command's schema.</summary>
    internal static void AssertFits(string command, string json)
    {
        var result = Evaluate(command, json);
        var faults = result.Details!.Where(detail => detail.Errors is not null)
            .Select(detail => $"{detail.InstanceLocation}: {string.Join(", ", detail.Errors!.Values)}");
        Assert.True(result.IsValid, $"{string.Join("\n", faults)}\n{json}");
    }

    /// <summary>As above, for the command that the text itself names. Returns the object.</summary>
    internal static JsonElement Checked(string json)
    {
        var root = JsonDocument.Parse(json).RootElement;
        AssertFits(root.GetProperty("command").GetString()!, json);
        return root;
    }

    internal static EvaluationResults Evaluate(string command, string json) =>
        JsonSchema.FromText(File.ReadAllText(Path.Combine(Folder, $"{command}.json")))
            .Evaluate(JsonDocument.Parse(json).RootElement, new() { OutputFormat = OutputFormat.List });

    private static string FindRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Ixy.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
