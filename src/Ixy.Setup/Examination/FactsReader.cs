using System.Globalization;

namespace Ixy.Setup.Examination;

/// <summary>Reads <see cref="MachineFacts"/> from the kernel's files.</summary>
internal static class FactsReader
{
    private const string Cpus = "sys/devices/system/cpu", Status = "proc/self/status";

    internal static MachineFacts Read(MachineFiles files) => new()
    {
        Cores = files.ReadList($"{Cpus}/online"),
        AllowedCores = MachineFiles.ParseList(files.Field(Status, "Cpus_allowed_list:")),
        IsolatedCores = files.ReadList($"{Cpus}/isolated"),
        SharedCores = SharedCores(files),
        Governors = Governors(files),
        Nodes = files.ReadList("sys/devices/system/node/online"),
        Iommu = Iommu(files),
        RemapsInterrupts = RemapsInterrupts(files.Read("proc/interrupts")),
        AllowsUnsafeInterrupts = files.Read("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts") == "Y",
        VfioModules =
        [
            // A built-in module is visible as a driver, if at all.
            .. files.Exists("sys/module/vfio_pci") || files.Exists("sys/bus/pci/drivers/vfio-pci")
                ? ["vfio_pci"] : Array.Empty<string>(),
            .. files.Exists("sys/module/vfio_iommu_type1") ? ["vfio_iommu_type1"] : Array.Empty<string>(),
        ],
        HasVfioFile = files.Exists("dev/vfio/vfio"),
        Lockdown = Lockdown(files.Read("sys/kernel/security/lockdown")),
        IsRoot = IsRoot(files.Field(Status, "Uid:")),
        LockedMemoryLimit = LockedMemoryLimit(files),
        HugePages = HugePages.Pools(files.PathOf("sys")),
    };

    // Each of them names all, of which the first one's list is taken.
    private static IReadOnlyList<int>[] SharedCores(MachineFiles files) =>
    [
        .. from core in files.ReadList($"{Cpus}/online")
           let threads = files.ReadList($"{Cpus}/cpu{core}/topology/thread_siblings_list")
           where threads.Count > 1 && threads.Min() == core
           select threads,
    ];

    private static string[] Governors(MachineFiles files) =>
    [
        .. files.ReadList($"{Cpus}/online").Select(core => files.Read($"{Cpus}/cpu{core}/cpufreq/scaling_governor"))
            .OfType<string>().Distinct().Order(StringComparer.Ordinal),
    ];

    private static IommuMode Iommu(MachineFiles files)
    {
        const string Groups = "sys/kernel/iommu_groups";
        string[] types = [
            .. files.Names(Groups).Select(group => files.Read($"{Groups}/{group}/type")).OfType<string>().Distinct()];
        bool anyPasses = types.Contains("identity"), anyTranslates = types.Any(type => type != "identity");
        return anyPasses && anyTranslates ? IommuMode.Mixed
            : anyTranslates ? IommuMode.Translating
            : anyPasses ? IommuMode.Passthrough : IommuMode.Off;
    }

    // On x86 the names of interrupt controllers then begin with IR- (arch/x86/kernel/apic).
    private static bool? RemapsInterrupts(string? interrupts) =>
        interrupts is null || !interrupts.Contains("APIC", StringComparison.Ordinal) ? null
        : interrupts.Contains(" IR-", StringComparison.Ordinal);

    // The one in force is in brackets: "none [integrity] confidentiality".
    private static string? Lockdown(string? levels) =>
        levels is not null && levels.Contains('[', StringComparison.Ordinal)
            ? levels.Split('[')[1].Split(']')[0] : null;

    // Real, effective, saved and file system user.
    private static bool IsRoot(string? users) =>
        users?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is [_, "0", ..];

    // A process with CAP_IPC_LOCK has no limit (capabilities(7)).
    private static long? LockedMemoryLimit(MachineFiles files)
    {
        const int IpcLock = 14;
        if (ulong.TryParse(files.Field(Status, "CapEff:"), NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture, out ulong capabilities) && (capabilities >> IpcLock & 1) != 0) return null;
        // Soft and hard limit, and the unit.
        string? limits = files.Field("proc/self/limits", "Max locked memory");
        return long.TryParse(limits?.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long soft)
            ? soft : null;
    }
}
