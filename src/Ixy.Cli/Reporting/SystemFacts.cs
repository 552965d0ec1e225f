using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ixy.Cli.Reporting;

/// <summary>What the program and the machine are. No unique numbers are read.</summary>
internal static class SystemFacts
{
    // Only kernel arguments that matter to cards, memory and cores; others name disks and hosts.
    private static readonly string[] s_arguments =
    [
        "intel_iommu", "amd_iommu", "iommu", "intremap", "hugepages", "hugepagesz", "default_hugepagesz", "isolcpus",
        "nohz_full", "rcu_nocbs", "irqaffinity", "pci", "pcie_aspm", "pcie_port_pm", "lockdown", "mitigations", "nosmt",
        "idle", "numa", "numa_balancing", "maxcpus", "mem", "module_blacklist",
    ];

    private static readonly string[] s_modules = ["vfio", "ixgbe", "iommu", "intel_idle", "processor", "virtio"];

    internal static ProgramJson Program() => new(
        typeof(SystemFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
        RuntimeInformation.FrameworkDescription, !RuntimeFeature.IsDynamicCodeCompiled,
        $"{RuntimeInformation.ProcessArchitecture}");

    internal static SystemJson Machine(Redaction redaction, List<string> leftOut)
    {
        string[] arguments = (Read("/proc/cmdline") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] kept = [.. arguments.Where(Matters)];
        if (kept.Length < arguments.Length)
            leftOut.Add($"{arguments.Length - kept.Length} kernel arguments that have nothing to do with cards");
        return new(
            redaction.OfOptional(Read("/proc/sys/kernel/osrelease")), [.. kept.Select(redaction.Of)],
            redaction.OfOptional(Value("/etc/os-release", "PRETTY_NAME", '=')),
            Value("/proc/cpuinfo", "model name", ':'),
            redaction.OfOptional(Dmi("sys_vendor", "product_name")),
            redaction.OfOptional(Dmi("board_vendor", "board_name")),
            redaction.OfOptional(Dmi("bios_version", "bios_date")));
    }

    /// <summary>Whether a kernel argument should be in the report.</summary>
    internal static bool Matters(string argument)
    {
        string name = argument.Split('=')[0];
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? s_arguments.Contains(name)
            : s_modules.Any(module => name[..dot].StartsWith(module, StringComparison.Ordinal));
    }

    private static string? Dmi(params string[] files)
    {
        string[] values = [.. files.Select(file => Read($"/sys/class/dmi/id/{file}")).OfType<string>()];
        return values.Length == 0 ? null : string.Join(' ', values);
    }

    private static string? Value(string file, string key, char separator) =>
        Read(file)?.Split('\n').Where(line => line.StartsWith(key, StringComparison.Ordinal))
            .Select(line => line[(line.IndexOf(separator, StringComparison.Ordinal) + 1)..].Trim().Trim('"'))
            .FirstOrDefault();

    private static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
