namespace Ixy.Repository.Tests.Packaging;

/// <summary>
/// A user who has the .NET SDK and the folder of packages, and nothing else: a home in which no package of ixy is
/// cached when a test begins, and an empty folder to work in.
/// </summary>
public sealed class NewUser : IDisposable
{
    // These would point outside that home.
    private static readonly string[]
        s_elsewhere = ["NUGET_PACKAGES", "DOTNET_CLI_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "CI"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ixy-user-");

    /// <summary>The home directory.</summary>
    internal string Home => _folder.FullName;

    /// <summary>
    /// A new folder that gets packages from <c>eng/pack</c> only; or, if wanted, those that are not ixy's (such as the
    /// native compiler) from this machine's usual sources.
    /// </summary>
    internal string CreateFolder(bool withOtherSources)
    {
        string folder = Path.Combine(Home, Guid.NewGuid().ToString("N")[..8]);
        Directory.CreateDirectory(folder);
        string[] others = withOtherSources ? OtherSources() : [];
        File.WriteAllText(Path.Combine(folder, "NuGet.config"), $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="packed" value="{Releases.Packages}" />
                {string.Concat(others.Select((source, i) => $"<add key=\"other{i}\" value=\"{source}\" />"))}
              </packageSources>
              <packageSourceMapping>
                <clear />
                <packageSource key="packed"><package pattern="Ixy*" /></packageSource>
                {string.Concat(others.Select((_, i) =>
                    $"<packageSource key=\"other{i}\"><package pattern=\"*\" /></packageSource>"))}
              </packageSourceMapping>
            </configuration>
            """);
        return folder;
    }

    /// <summary>Removes ixy's cached packages and the command; other packages stay.</summary>
    internal void ForgetIxy()
    {
        string cache = Path.Combine(Home, ".nuget/packages"), tools = Path.Combine(Home, ".dotnet/tools");
        if (Directory.Exists(tools)) Directory.Delete(tools, recursive: true);
        if (!Directory.Exists(cache)) return;
        foreach (string package in Directory.GetDirectories(cache, "ixy*")) Directory.Delete(package, recursive: true);
    }

    /// <summary>Starts a program in one of the folders.</summary>
    internal IxyProcess Start(string folder, string file, params string[] arguments) => IxyProcess.StartOther(
        "env", ["-C", folder, .. Releases.Without(s_elsewhere), .. Releases.WithoutBuildVariables, $"HOME={Home}",
            "DOTNET_CLI_TELEMETRY_OPTOUT=1", "DOTNET_NOLOGO=1", "DOTNET_CLI_UI_LANGUAGE=en",
            "MSBUILDDISABLENODEREUSE=1", "UseSharedCompilation=false", file, .. arguments]);

    /// <summary>Runs a program, which must succeed without a warning. Returns its output.</summary>
    internal string Run(string folder, string file, params string[] arguments)
    {
        using var process = Start(folder, file, arguments);
        int exitCode = process.WaitForExit(IxyProcess.BuildLimit);
        string said = $"{file} {string.Join(' ', arguments)}: {process.Output}{process.Error}";
        Assert.True(exitCode == 0, said);
        // As in "warning IL2026".
        Assert.False(said.Contains("warning ", StringComparison.Ordinal), said);
        return process.Output;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string[] OtherSources()
    {
        using var list = IxyProcess.StartOther("dotnet", "nuget", "list", "source", "--format", "short");
        Assert.Equal(0, list.WaitForExit());
        string[] enabled = [.. list.Output.Split('\n').Where(line => line.StartsWith("E ", StringComparison.Ordinal))];
        Assert.NotEmpty(enabled);
        return [.. enabled.Select(line => line[2..])];
    }
}
