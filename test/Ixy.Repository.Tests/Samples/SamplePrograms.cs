using System.Text.Json.Nodes;

namespace Ixy.Repository.Tests.Samples;

/// <summary>The file-based programs in <c>samples</c>, each built on first use.</summary>
internal static class SamplePrograms
{
    // The tests' own configuration, in which the libraries are already built.
    private static readonly string s_configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
    private static readonly Dictionary<string, string> s_built = [];

    /// <summary>Starts one as <c>dotnet run</c> does, but with checked pools: a leaked packet fails it.</summary>
    internal static IxyProcess Start(string name, params string[] arguments)
    {
        string folder = Build(name);
        return IxyProcess.StartOther(
            "dotnet", ["exec", "--runtimeconfig", Path.Combine(folder, "checked.json"),
                Path.Combine(folder, $"{name}.dll"), .. arguments]);
    }

    /// <summary>Runs one to its end.</summary>
    internal static (int ExitCode, string Output, string Error) Run(string name, params string[] arguments)
    {
        using var program = Start(name, arguments);
        return (program.WaitForExit(), program.Output, program.Error);
    }

    /// <summary>The folder of a program, with everything it needs to run.</summary>
    internal static string Build(string name)
    {
        if (s_built.TryGetValue(name, out string? built)) return built;
        string folder = Path.Combine(AppContext.BaseDirectory, "samples", name);
        using var build = IxyProcess.StartOther(
            "dotnet", "build", Path.Combine(Checkout.Root, "samples", $"{name}.cs"),
            "-c", s_configuration, $"-p:SampleOutput={folder}", "--nologo", "-v", "quiet");
        Assert.True(build.WaitForExit(IxyProcess.BuildLimit) == 0, build.Output + build.Error);
        var settings = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, $"{name}.runtimeconfig.json")))!;
        settings["runtimeOptions"]!["configProperties"]!["Ixy.CheckedPools"] = true;
        File.WriteAllText(Path.Combine(folder, "checked.json"), settings.ToJsonString());
        return s_built[name] = folder;
    }
}
