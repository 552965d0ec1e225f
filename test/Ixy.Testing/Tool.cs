using System.Diagnostics;

namespace Ixy.Testing;

/// <summary>Runs programs installed on the machine, which some tests use as a second opinion.</summary>
internal static class Tool
{
    internal static bool Exists(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':').Append("/usr/sbin")
        .Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, name)));

    internal static void SkipWithoutTshark() =>
        Skip.IfNot(Exists("tshark"), "tshark is not installed (apt install tshark)");

    internal static void SkipUnlessRoot() => Needs.Root("needs root: network namespaces and TAP interfaces");

    /// <summary>Runs a program to its end; returns its standard output.</summary>
    internal static string Run(string program, params string[] arguments)
    {
        var (exitCode, output, error) = TryRun(program, arguments);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {exitCode}: {error} {output}");
        return output;
    }

    internal static (int ExitCode, string Output, string Error) TryRun(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            program, arguments)
        { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}

/// <summary>A file that is deleted when the test ends.</summary>
internal sealed class TemporaryFile : IDisposable
{
    internal string Path { get; } = System.IO.Path.Combine(
        System.IO.Path.GetTempPath(), $"ixy-test-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(Path);
}
