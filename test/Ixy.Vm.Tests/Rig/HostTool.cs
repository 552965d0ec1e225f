using System.Diagnostics;

namespace Ixy.Vm.Tests.Rig;

/// <summary>Programs of the host.</summary>
internal static class HostTool
{
    internal static bool Exists(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':').Append("/usr/sbin")
        .Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, name)));

    /// <summary>Runs a program to its end; it must succeed.</summary>
    internal static void Run(string program, params string[] arguments)
    {
        var (exitCode, output, error) = TryRun(new(program, arguments));
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {exitCode}: {error}{output}");
    }

    /// <summary>Runs a program to its end.</summary>
    internal static (int ExitCode, string Output, string Error) TryRun(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
