using System.Diagnostics;

namespace Ixy.Vm.Tests.Rig;

/// <summary>What guests boot: built by <c>eng/guest-image</c> once per test run, from the sources as they are.</summary>
internal static class GuestImage
{
    // The script's exit code for something that is missing on this machine.
    private const int Missing = 3;

    private static readonly Lazy<(string? Folder, string? WhyNot)> s_image = new(Build);

    /// <summary>The repository.</summary>
    internal static string Root { get; } = FindRoot();

    internal static string Kernel => Path.Combine(Folder, "vmlinuz");

    internal static string InitialRamDisk => Path.Combine(Folder, "initrd");

    private static string Folder => s_image.Value.Folder!;

    /// <summary>Skips the test, with the reason, on a machine where no guest can run.</summary>
    internal static void SkipIfUnavailable()
    {
        Skip.IfNot(HostTool.Exists("qemu-system-x86_64"), "qemu-system-x86_64 is not installed (apt install qemu-system-x86)");
        Skip.IfNot(HostTool.Exists("setpriv"), "setpriv is not installed (apt install util-linux)");
        Skip.If(s_image.Value.WhyNot is not null, s_image.Value.WhyNot);
    }

    private static (string? Folder, string? WhyNot) Build()
    {
        var start = new ProcessStartInfo(Path.Combine(Root, "eng/guest-image"));
        // Of the dotnet test around us; they would steer the build inside.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        var (exitCode, output, error) = HostTool.TryRun(start);
        if (exitCode == Missing) return (null, error.Trim());
        if (exitCode != 0) throw new InvalidOperationException($"eng/guest-image ended with {exitCode}: {error}{output}");
        return (output.Trim(), null);
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Ixy.slnx"))) directory = directory.Parent;
        return directory?.FullName ?? throw new DirectoryNotFoundException($"no Ixy.slnx above {AppContext.BaseDirectory}");
    }
}
