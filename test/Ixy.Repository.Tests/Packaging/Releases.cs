namespace Ixy.Repository.Tests.Packaging;

/// <summary>What <c>eng/pack</c> and <c>eng/publish</c> make from the current sources, once for all tests.</summary>
internal static class Releases
{
    /// <summary>The address of the sources that is recorded in the packages.</summary>
    internal const string Repository = "https://github.com/example/ixy";

    // The scripts' exit code if this machine lacks a tool.
    private const int Missing = 3;

    private static readonly Lazy<(string? Path, string? WhyNot)>
        s_packages = new(() => Script("eng/pack", "--repository", Repository)),
        s_archive = new(() => Script("eng/publish"));

    /// <summary>The folder of all packages. Skips the test if they cannot be made.</summary>
    internal static string Packages => PathOf(s_packages.Value);

    /// <summary>The archive with the native program. Skips the test if it cannot be made.</summary>
    internal static string Archive => PathOf(s_archive.Value);

    /// <summary>The names of the projects in <c>src</c>, without the command.</summary>
    internal static IEnumerable<string> Libraries =>
        Directory.GetDirectories(Path.Combine(Checkout.Root, "src")).Select(folder => Path.GetFileName(folder)!)
            .Where(name => name != "Ixy.Cli").Order(StringComparer.Ordinal);

    /// <summary>The version of everything.</summary>
    internal static string Version { get; } = File
        .ReadAllText(Path.Combine(Checkout.Root, "Directory.Build.props"))
        .Split("<Version>")[1].Split('<')[0];

    /// <summary>
    /// Arguments for <c>env</c> that keep the surrounding <c>dotnet test</c> from influencing a build inside a test.
    /// </summary>
    internal static IEnumerable<string> WithoutBuildVariables => Without(
        Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)));

    /// <summary>Arguments for <c>env</c> that remove variables.</summary>
    internal static IEnumerable<string> Without(IEnumerable<string> variables) =>
        variables.SelectMany(name => (string[])["-u", name]);

    /// <summary>Runs a script of the repository. Returns the path that it prints.</summary>
    internal static (string? Path, string? WhyNot) Script(string name, params string[] arguments)
    {
        using var script = IxyProcess.StartOther(
            "env", [.. WithoutBuildVariables, Path.Combine(Checkout.Root, name), .. arguments]);
        int exitCode = script.WaitForExit(IxyProcess.BuildLimit);
        if (exitCode == Missing) return (null, script.Error.Trim());
        Assert.True(exitCode == 0, $"{name}: {script.Output}{script.Error}");
        Assert.DoesNotContain("warning", script.Error);
        return (script.Output.Trim(), null);
    }

    private static string PathOf((string? Path, string? WhyNot) made)
    {
        Skip.If(made.Path is null, made.WhyNot);
        return made.Path!;
    }
}
