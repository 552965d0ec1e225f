using System.Diagnostics;

namespace Ixy.Vm.Tests.Rig;

/// <summary>What guests boot: built by <c>eng/guest-image</c> once per test run, from the current sources.</summary>
internal static class GuestImage
{
    // The script's exit code if this machine lacks a tool.
    private const int Missing = 3;

    private static readonly Lazy<(string? Path, string? WhyNot)> s_image = new(() => Script("eng/guest-image"));
    private static readonly Lazy<(string? Path, string? WhyNot)> s_qemu = new(() => Script("eng/guest-qemu"));

    /// <summary>The root of the repository.</summary>
    internal static string Root { get; } = FindRoot();

    internal static string Kernel => Path.Combine(Folder, "vmlinuz");

    internal static string InitialRamDisk => Path.Combine(Folder, "initrd");

    /// <summary>What <c>edu</c> in the guest was built from, as recorded by NuGet (project.assets.json).</summary>
    internal static string MaterialsOfEdu => Path.Combine(Folder, "edu.json");

    /// <summary>The installed QEMU.</summary>
    internal static string Qemu => "qemu-system-x86_64";

    /// <summary>A QEMU that supports vfio-user.</summary>
    internal static string QemuWithVfioUser => s_qemu.Value.Path!;

    private static string Folder => s_image.Value.Path!;

    /// <summary>Skips the test, with the reason, if this machine cannot run guests.</summary>
    internal static void SkipIfUnavailable()
    {
        Skip.IfNot(HostTool.Exists(Qemu), "qemu-system-x86_64 is not installed (apt install qemu-system-x86)");
        Skip.IfNot(HostTool.Exists("setpriv"), "setpriv is not installed (apt install util-linux)");
        Skip.If(s_image.Value.WhyNot is not null, s_image.Value.WhyNot);
    }

    /// <summary>Skips the test, with the reason, if no such QEMU is available.</summary>
    internal static void SkipWithoutVfioUser() => Skip.If(s_qemu.Value.WhyNot is not null, s_qemu.Value.WhyNot);

    // The script prints a path.
    private static (string? Path, string? WhyNot) Script(string name)
    {
        var start = new ProcessStartInfo(Path.Combine(Root, name));
        // Variables of the surrounding dotnet test would influence the build.
        foreach (string variable in start.Environment.Keys.Where(
            key => key.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(variable);
        var (exitCode, output, error) = HostTool.TryRun(start);
        if (exitCode == Missing) return (null, error.Trim());
        if (exitCode != 0) throw new InvalidOperationException($"{name} ended with {exitCode}: {error}{output}");
        return (output.Trim(), null);
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Ixy.slnx")))
            directory = directory.Parent;
        return directory?.FullName
            ?? throw new DirectoryNotFoundException($"no Ixy.slnx above {AppContext.BaseDirectory}");
    }
}
