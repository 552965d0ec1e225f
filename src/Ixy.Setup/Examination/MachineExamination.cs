using Ixy.Vfio;

namespace Ixy.Setup.Examination;

/// <summary>How well the machine suits cards that are accessed in certain ways.</summary>
/// <param name="machine">The machine.</param>
/// <param name="files">The kernel's files.</param>
/// <param name="dmaBytes">Bytes of DMA memory needed.</param>
/// <param name="card">The requested card; null for all.</param>
/// <param name="wanted">The kinds of access in use: whatever prevents one of these is a problem.</param>
internal sealed class MachineExamination(
    MachineFacts machine, MachineFiles files, long dmaBytes, PciAddress? card, IReadOnlySet<CardAccess> wanted)
{
    private const int PageLength = 2 << 20, PagesToSpare = 64;
    private static readonly string[] s_modules = ["vfio_pci", "vfio_iommu_type1"];

    private long PagesNeeded => (dmaBytes + PageLength - 1) / PageLength;

    /// <summary>All findings, each with the kind of access it concerns; null for none in particular.</summary>
    internal IEnumerable<(Finding Finding, CardAccess? For)> Findings()
    {
        yield return (Cores(), null);
        yield return (Governor(), null);
        yield return (Nodes(), null);
        yield return (Iommu(), null);
        yield return (Vfio(), CardAccess.Vfio);
        yield return (LockedMemory(), CardAccess.Vfio);
        yield return (Rights(), CardAccess.Sysfs);
        yield return (HugePages(), CardAccess.Sysfs);
        yield return (Lockdown(), CardAccess.Sysfs);
    }

    /// <summary>How many huge pages there should be in total, so that enough are free.</summary>
    /// <param name="pools">The pools of 2 MiB pages.</param>
    /// <param name="needed">How many must be free.</param>
    internal static int PagesToReserve(IEnumerable<HugePagePool> pools, long needed) =>
        (int)Math.Max(needed, PagesToSpare) + pools.Sum(pool => pool.Total - pool.Free);

    private Verdict Stops(CardAccess access) => wanted.Contains(access) ? Verdict.Problem : Verdict.Note;

    private Finding Cores()
    {
        string threads = machine.SharedCores.Count == 0 ? "each with a core of its own"
            : $"of which these share a core (SMT): {SharedCores.Describe(machine.SharedCores)}";
        string isolated = machine.IsolatedCores.Count == 0 ? "none isolated"
            : $"isolated: {Join(machine.IsolatedCores)}";
        string text = $"{machine.Cores.Count} processors, {threads}; {isolated}";
        int allowed = machine.AllowedCores.Union(machine.IsolatedCores).Count();
        return machine.AllowedCores.Count == 0 || allowed > 1 ? new("cores", Verdict.Ok, text)
            : new("cores", Verdict.Note, $"{text}; this process may run on one alone, which its threads share");
    }

    private Finding Governor()
    {
        const string Fastest = "performance";
        string governors = string.Join(", ", machine.Governors);
        return machine.Governors.Count == 0 ? new("governor", Verdict.Ok, "not chosen by this kernel")
            : machine.Governors.All(governor => governor == Fastest) ? new("governor", Verdict.Ok, governors)
            : new("governor", Verdict.Note, $"{governors}: cores may slow down, expected {Fastest}",
                $"echo {Fastest} | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor");
    }

    private Finding Nodes() => new("NUMA", Verdict.Ok, machine.Nodes.Count > 1
        ? string.Join("; ", machine.Nodes.Select(
            node => $"node {node}: cores {files.Read($"sys/devices/system/node/node{node}/cpulist")}"))
        : "one node");

    private Finding Iommu() => machine.Iommu switch
    {
        IommuMode.Translating => new("IOMMU", Verdict.Ok, "translating: cards are reached through vfio-pci only"),
        IommuMode.Passthrough =>
            new("IOMMU", Verdict.Ok, "passthrough: cards are reached through vfio-pci, or through sysfs as root"),
        IommuMode.Mixed => new("IOMMU", Verdict.Ok, "translating for some devices, passthrough for others"),
        _ => new("IOMMU", Verdict.Note,
            "off: cards are reached through sysfs only, as root; for vfio-pci switch it on in the BIOS (VT-d or "
            + "AMD-Vi) and on the kernel's command line (intel_iommu=on or amd_iommu=on)"),
    };

    private Finding Vfio()
    {
        const string Check = "VFIO", File = "/dev/vfio/vfio";
        if (machine.Iommu == IommuMode.Off) return new(Check, Verdict.Ok, "of no use without an IOMMU");
        string[] missing = [.. s_modules.Except(machine.VfioModules)];
        if (missing.Length > 0)
            return new(Check, Stops(CardAccess.Vfio), $"the kernel has not loaded {string.Join(" and ", missing)}",
                "sudo modprobe -a vfio-pci vfio_iommu_type1");
        if (machine is { RemapsInterrupts: false, AllowsUnsafeInterrupts: false })
            return new(Check, Stops(CardAccess.Vfio),
                "the IOMMU does not remap interrupts, so VFIO refuses it: switch that on (BIOS: VT-d with x2APIC), "
                + "or, if you trust the card, do without",
                "echo Y | sudo tee /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
        if (!machine.HasVfioFile)
            return new(Check, Stops(CardAccess.Vfio), $"there is no {File}: inside a container, pass it in");
        return files.CanUse("dev/vfio/vfio") ? new(Check, Verdict.Ok, "loaded, and open to this user")
            : new(Check, Stops(CardAccess.Vfio), $"{File} is closed to this user (it gives no rights by itself)",
                $"sudo chmod 666 {File}");
    }

    private Finding LockedMemory()
    {
        const string Check = "locked memory";
        if (machine.LockedMemoryLimit is not { } limit) return new(Check, Verdict.Ok, "no limit");
        string has = $"at most {limit >> 10:N0} KiB";
        return limit >= dmaBytes ? new(Check, Verdict.Ok, has)
            : new(Check, Stops(CardAccess.Vfio), $"{has}, and VFIO pins {dmaBytes >> 10:N0} KiB of DMA memory",
                "sudo prlimit --pid $$ --memlock=unlimited");
    }

    private Finding Rights() => machine.IsRoot ? new("rights", Verdict.Ok, "root")
        : wanted.Contains(CardAccess.Sysfs)
            ? new("rights", Verdict.Problem, "not root, which cards without VFIO need",
                $"sudo {IxyCommand.Name} doctor {card}".TrimEnd())
        : new("rights", Verdict.Ok, "not root, which cards behind VFIO do not need");

    private Finding HugePages()
    {
        const string Check = "huge pages";
        var pools = machine.HugePages;
        HugePagePool[] pages = [.. pools.Where(pool => pool.PageLength == PageLength)];
        string free = pools.Count == 0 ? "this kernel has none"
            : string.Join("; ", from pool in pools
                                where pool.PageLength == PageLength || pool.Total > 0
                                select Describe(pool));
        // One larger page is enough.
        bool areEnough = pages.Sum(pool => pool.Free) >= PagesNeeded
            || pools.Any(pool => pool.PageLength > PageLength && pool.PageLength >= dmaBytes && pool.Free > 0);
        return areEnough ? new(Check, Verdict.Ok, free)
            : new(Check, Stops(CardAccess.Sysfs),
                $"{free}; expected {PagesNeeded} free ones of 2 MiB"
                + (wanted.Contains(CardAccess.Sysfs) ? "" : ", for speed"),
                pages.Length == 0 ? null
                    : $"sudo {IxyCommand.Name} hugepages --reserve {PagesToReserve(pages, PagesNeeded)}");
    }

    private Finding Lockdown() => machine.Lockdown switch
    {
        null => new("lockdown", Verdict.Ok, "none that the kernel tells of"),
        "none" => new("lockdown", Verdict.Ok, "none"),
        var level => new("lockdown", Stops(CardAccess.Sysfs),
            $"the kernel is locked down ({level}), which closes sysfs to drivers: use vfio-pci behind an IOMMU, or "
            + "switch secure boot off"),
    };

    private static string Describe(HugePagePool pool) =>
        (pool.Node is { } node ? $"node {node}: " : "") + $"{pool.Free} of {pool.Total} free of "
        + (pool.PageLength >= 1 << 30 ? $"{pool.PageLength >> 30} GiB" : $"{pool.PageLength >> 20} MiB");

    private static string Join(IReadOnlyList<int> cores) => string.Join(",", cores);
}
